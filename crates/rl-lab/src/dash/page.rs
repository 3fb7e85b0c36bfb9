//! Page of the dashboard.

use serde::Serialize;

use crate::web::{Assets, PageError, render};

#[derive(Serialize)]
struct Page<'a> {
    title: &'a str,
    #[serde(flatten)]
    assets: Assets,
}

/// The page of a folder.
///
/// # Errors
/// [`PageError`].
pub fn html(title: &str) -> Result<String, PageError> {
    let assets = Assets::with(include_str!("dash.js"));
    render(include_str!("dash.html"), &Page { title, assets })
}
