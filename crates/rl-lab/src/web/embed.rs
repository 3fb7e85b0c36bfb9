//! Data within a page.

use serde::Serialize;

use super::template::PageError;

/// JSON that may stand between `<script type="application/json">` and `</script>`, whatever words are in it:
/// no character of it can end the element or begin another.
///
/// # Errors
/// [`PageError`] for what JSON cannot hold.
pub fn embedded(data: &impl Serialize) -> Result<String, PageError> {
    let json = serde_json::to_string(data).map_err(|error| PageError(error.to_string()))?;
    let mut safe = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            // All of them are within strings of the JSON, where an escape means the same.
            '<' => safe += "\\u003c",
            '>' => safe += "\\u003e",
            '&' => safe += "\\u0026",
            letter => safe.push(letter),
        }
    }
    Ok(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_can_end_the_element_and_every_text_is_read_back() {
        let text = "</script><script>alert(1)</script><!-- & \u{2028} é \\ \"";
        let json = embedded(&[text]).unwrap();
        assert!(!json.contains(['<', '>', '&']), "{json}");
        let back: Vec<String> = serde_json::from_str(&json).unwrap();
        assert_eq!(back, [text]);
    }
}
