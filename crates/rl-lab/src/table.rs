//! Tables in Markdown that can be read as they are.

/// A whole number with a comma between each three digits.
pub fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A score with the decimals that matter: four for those of 0 to 1, which are shares of success, two for others.
pub fn score(score: f64) -> String {
    match score.abs() <= 1.0 {
        true => format!("{score:.4}"),
        false => format!("{score:.2}"),
    }
}

/// A Markdown table with the first `left` columns to the left, the others to the right.
pub fn aligned<const N: usize>(header: [&str; N], left: usize, rows: &[[String; N]]) -> String {
    columns(&header, left, rows)
}

/// [`aligned`] for a number of columns that is known when it runs; every row has as many cells as the header.
pub fn columns(header: &[&str], left: usize, rows: &[impl AsRef<[String]>]) -> String {
    let widths: Vec<usize> = (0..header.len())
        .map(|i| {
            let cells = rows.iter().map(|row| row.as_ref()[i].chars().count());
            cells.fold(header[i].chars().count(), usize::max)
        })
        .collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded = cells.zip(&widths).enumerate();
        padded.fold("|".to_owned(), |line, (i, (cell, &width))| {
            if i < left {
                format!("{line} {cell:<width$} |")
            } else {
                format!("{line} {cell:>width$} |")
            }
        }) + "\n"
    };
    let rules = widths.iter().enumerate().map(|(i, width)| {
        let dashes = "-".repeat(width - usize::from(i >= left));
        if i < left { dashes } else { dashes + ":" }
    });
    let rules: Vec<String> = rules.collect();
    let mut text = line(&mut header.iter().copied());
    for row in [rules.as_slice()]
        .into_iter()
        .chain(rows.iter().map(AsRef::as_ref))
    {
        text += &line(&mut row.iter().map(String::as_str));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a".to_owned(), thousands(1234567.2)]];
        let table = "| long | n         |\n| ---- | --------: |\n| a    | 1,234,567 |\n";
        let expected = table.replace("n         |", "        n |");
        assert_eq!(aligned(["long", "n"], 1, &rows), expected);
    }
}
