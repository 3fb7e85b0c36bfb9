//! Page of the dashboard.

use serde::Serialize;

use crate::web::{CHART_LIBRARY, CHART_LICENCE, CHARTS, PageError, REPLAY, STYLE, render};

#[derive(Serialize)]
struct Page<'a> {
    title: &'a str,
    style: &'a str,
    licence: &'a str,
    library: &'a str,
    scripts: [&'a str; 3],
}

/// The page of a folder.
///
/// # Errors
/// [`PageError`].
pub fn html(title: &str) -> Result<String, PageError> {
    let page = Page {
        title,
        style: STYLE,
        licence: CHART_LICENCE,
        library: CHART_LIBRARY,
        scripts: [CHARTS, REPLAY, include_str!("dash.js")],
    };
    render(include_str!("dash.html"), &page)
}
