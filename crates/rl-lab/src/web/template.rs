//! Templates of pages.

use minijinja::{AutoEscape, Environment, UndefinedBehavior, value::Serde};
use serde::Serialize;

/// Fault of a page that could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot make the page: {0}")]
pub struct PageError(pub String);

/// The page of a template, which may include `scripts`, those of [`Assets`](super::Assets). Every value is escaped unless the template says `safe`; a name that the data lacks is
/// an error.
///
/// # Errors
/// [`PageError`].
pub fn render(template: &str, data: &impl Serialize) -> Result<String, PageError> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let page = environment
        .add_template("scripts", include_str!("scripts.html"))
        .and_then(|()| environment.render_str(template, Serde(data)));
    page.map_err(|error| PageError(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn values_are_escaped_and_names_that_are_not_there_are_errors() {
        let data = BTreeMap::from([("name", "<b title=\"'\">&")]);
        let page = render("<i>{{ name }}</i>", &data).unwrap();
        assert_eq!(page, "<i>&lt;b title=&quot;&#x27;&quot;&gt;&amp;</i>");
        assert!(render("{{ nme }}", &data).is_err());
    }
}
