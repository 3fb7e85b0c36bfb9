//! Pictures of environments, as workers send them.

/// Picture of an environment: Gymnasium's `rgb_array`.
#[derive(Clone, Debug, PartialEq)]
pub struct GymPicture {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Steps that a second of an animation shows: Gymnasium's `render_fps`.
    pub steps_per_second: f32,
    /// Red, green and blue of each pixel, `[height, width, 3]`, the top row first.
    pub rgb: Vec<u8>,
}

impl GymPicture {
    /// The picture of a worker's answer; `None` for bytes that are none.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (head, rgb) = bytes.split_first_chunk::<12>()?;
        let word =
            |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let picture = Self {
            width: word(0),
            height: word(4),
            steps_per_second: f32::from_bits(word(8)),
            rgb: rgb.to_vec(),
        };
        let pixels = u64::from(picture.width) * u64::from(picture.height);
        let is_whole = pixels.checked_mul(3) == Some(rgb.len() as u64) && pixels > 0;
        let speed = picture.steps_per_second;
        (is_whole && speed.is_finite() && speed > 0.0).then_some(picture)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_picture_are_none() {
        let head = |width: u32, height: u32, speed: f32| {
            [
                width.to_le_bytes(),
                height.to_le_bytes(),
                speed.to_le_bytes(),
            ]
            .concat()
        };
        let whole = [head(2, 1, 50.0), vec![7; 6]].concat();
        let picture = GymPicture::read(&whole).unwrap();
        assert_eq!((picture.width, picture.height), (2, 1));
        assert_eq!(picture.rgb, [7; 6]);
        for other in [
            whole[..11].to_vec(),
            whole[..17].to_vec(),
            [head(2, 1, 0.0), vec![7; 6]].concat(),
            head(0, 1, 50.0),
            [head(u32::MAX, u32::MAX, 50.0), vec![7; 3]].concat(),
        ] {
            assert_eq!(GymPicture::read(&other), None);
        }
    }
}
