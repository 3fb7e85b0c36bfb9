//! Changes between two pictures, as a frame of a GIF file.

use std::collections::BTreeMap;
use std::ops::Range;

use gif::DisposalMethod;

use super::Frame;
use super::scene::Colour;

/// Greatest number of colours of a GIF frame.
const PALETTE: usize = 256;

/// The frame, without its duration, for the smallest rectangle of `after` outside which it equals
/// `before`; all of `after` without a `before`. `None` if the two are equal.
pub(super) fn encode_changes(before: Option<&Frame>, after: &Frame) -> Option<gif::Frame<'static>> {
    let [width, height] = after.size().map(usize::from);
    let (columns, rows) = match before {
        None => (0..width, 0..height),
        Some(before) => changes(before, after)?,
    };
    let pixels = || rows.clone().flat_map(|y| &after.row(y)[columns.clone()]);
    let palette = Palette::of(pixels());
    // The sides of a frame are `u16`, so that these fit.
    let mut frame = gif::Frame {
        left: columns.start as u16,
        top: rows.start as u16,
        width: columns.len() as u16,
        height: rows.len() as u16,
        dispose: DisposalMethod::Keep,
        buffer: palette.indices(pixels()).into(),
        palette: Some(palette.colours.concat()),
        ..gif::Frame::default()
    };
    frame.make_lzw_pre_encoded();
    Some(frame)
}

/// The columns and rows of the smallest rectangle with every pixel in which two pictures of the
/// same size differ; `None` if they are equal.
fn changes(before: &Frame, after: &Frame) -> Option<(Range<usize>, Range<usize>)> {
    let [width, height] = after.size().map(usize::from);
    let differs = |&y: &usize| before.row(y) != after.row(y);
    let rows = (0..height).find(differs)?..(0..height).rfind(differs)? + 1;
    let mut columns = width..0;
    for y in rows.clone() {
        let (before, after) = (before.row(y), after.row(y));
        let differs = |&x: &usize| before[x] != after[x];
        if let (Some(first), Some(last)) = ((0..width).find(differs), (0..width).rfind(differs)) {
            columns = columns.start.min(first)..columns.end.max(last + 1);
        }
    }
    Some((columns, rows))
}

/// Palette of the most frequent colours of some pixels. A colour that is not in it is replaced by
/// the nearest one: flat shapes keep their colours, and only shades at their edges change.
struct Palette {
    colours: Vec<Colour>,
    index: BTreeMap<Colour, u8>,
}

impl Palette {
    fn of<'a>(pixels: impl Iterator<Item = &'a Colour>) -> Self {
        let mut counts: BTreeMap<Colour, usize> = BTreeMap::new();
        for run in Runs(pixels.peekable()) {
            *counts.entry(run.0).or_default() += run.1;
        }
        let mut by_frequency: Vec<Colour> = counts.keys().copied().collect();
        by_frequency.sort_by_key(|colour| std::cmp::Reverse(counts[colour]));
        let colours = by_frequency[..by_frequency.len().min(PALETTE)].to_vec();
        let distance = |a: &Colour, b: &Colour| -> u32 {
            (0..3).map(|i| u32::from(a[i].abs_diff(b[i])).pow(2)).sum()
        };
        let index = by_frequency
            .iter()
            .enumerate()
            .map(|(i, colour)| {
                let nearest = || (0..colours.len()).min_by_key(|&i| distance(&colours[i], colour));
                let i = if i < PALETTE { Some(i) } else { nearest() };
                (*colour, i.unwrap_or(0) as u8)
            })
            .collect();
        Self { colours, index }
    }

    fn indices<'a>(&self, pixels: impl Iterator<Item = &'a Colour>) -> Vec<u8> {
        Runs(pixels.peekable())
            .flat_map(|(colour, length)| std::iter::repeat_n(self.index[&colour], length))
            .collect()
    }
}

/// Iterator over runs of equal colours, with their lengths.
struct Runs<I: Iterator>(std::iter::Peekable<I>);

impl<'a, I: Iterator<Item = &'a Colour>> Iterator for Runs<I> {
    type Item = (Colour, usize);

    fn next(&mut self) -> Option<(Colour, usize)> {
        let colour = self.0.next()?;
        let mut length = 1;
        while self.0.next_if_eq(&colour).is_some() {
            length += 1;
        }
        Some((*colour, length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_holds_the_rectangle_of_the_changes_alone() {
        let before = Frame::new(9, 8, vec![255; 9 * 8 * 3]);
        assert!(encode_changes(Some(&before), &before).is_none());
        let mut rgb = before.rgb().to_vec();
        for (x, y) in [(2, 5), (6, 3)] {
            rgb[3 * (9 * y + x)] = 0;
        }
        let after = Frame::new(9, 8, rgb);
        let frame = encode_changes(Some(&before), &after).unwrap();
        let rectangle = [frame.left, frame.top, frame.width, frame.height];
        assert_eq!(rectangle, [2, 3, 5, 3]);
        let frame = encode_changes(None, &after).unwrap();
        assert_eq!([frame.width, frame.height], [9, 8]);
    }

    #[test]
    fn of_many_colours_the_frequent_ones_are_kept_and_the_others_near() {
        // Pixels of 300 shades, one each, and of two frequent colours.
        let shades = (0..300).map(|i: u16| [(i / 2) as u8, (i - i / 2) as u8, 9]);
        let flat = std::iter::repeat_n([1, 2, 200], 50).chain(std::iter::repeat_n([200, 1, 3], 60));
        let pixels: Vec<Colour> = shades.chain(flat).collect();
        let palette = Palette::of(pixels.iter());
        assert_eq!(palette.colours.len(), 256);
        for (pixel, index) in pixels.iter().zip(palette.indices(pixels.iter())) {
            let found = palette.colours[usize::from(index)];
            let apart = (0..3).map(|i| found[i].abs_diff(pixel[i])).max().unwrap();
            let allowed = if pixel[2] == 9 { 30 } else { 0 };
            assert!(apart <= allowed, "{pixel:?} became {found:?}");
        }
    }
}
