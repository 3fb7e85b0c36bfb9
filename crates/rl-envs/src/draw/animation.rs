//! Animations as GIF files.

use std::io;
use std::path::Path;

use gif::{Encoder, EncodingError, Repeat};

use super::file::write_whole;
use super::gif_frame::encode_changes;
use super::{DrawError, Frame};

/// Least duration of a frame, in 1/100 s: browsers slow down shorter ones, and 33 frames per second
/// look smooth.
const SHORTEST: u64 = 3;

/// Animation that plays at the pace of its environment, over and over.
///
/// GIF files count time in 1/100 s. A frame lasts until the rounded time of the next one, so that
/// rounding does not change the pace. Where steps are shorter than 0.03 s, some are left out, but
/// not the last before a [`hold`](Self::hold) or the end.
///
/// ```
/// use rl_core::{Environment, Stream};
/// use rl_envs::CartPole;
/// use rl_envs::draw::{Animation, Draw};
///
/// let mut rng = Stream::from_seed(0);
/// let mut environment = CartPole::v1();
/// let mut animation = Animation::new(environment.steps_per_second());
/// environment.reset(&mut rng)?;
/// animation.push(environment.draw())?;
/// while environment.step(&1, &mut rng)?.status.end().is_none() {
///     animation.push(environment.draw())?;
/// }
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("cartpole.gif");
/// animation.write_gif(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Animation {
    steps_per_second: f64,
    /// Encoded frames, each but the last with its duration.
    encoded: Vec<gif::Frame<'static>>,
    /// Picture of the last encoded frame.
    shown: Option<Frame>,
    /// The frame after it, if it was left out.
    left_out: Option<Frame>,
    /// Time at which the last of `encoded` begins, in 1/100 s.
    since: u64,
    /// Time of the next frame, in 1/100 s.
    now: f64,
}

impl Animation {
    /// An animation without a frame, at the pace of
    /// [`Draw::steps_per_second`](super::Draw::steps_per_second).
    pub fn new(steps_per_second: f64) -> Self {
        Self {
            steps_per_second,
            encoded: Vec::new(),
            shown: None,
            left_out: None,
            since: 0,
            now: 0.0,
        }
    }

    /// Adds the frame of the next step.
    ///
    /// # Errors
    /// [`DrawError::FrameSize`].
    pub fn push(&mut self, frame: Frame) -> Result<(), DrawError> {
        if let Some(shown) = &self.shown
            && shown.size() != frame.size()
        {
            return Err(DrawError::FrameSize {
                found: frame.size(),
                expected: shown.size(),
            });
        }
        let now = self.now.round() as u64;
        self.now += 100.0 / self.steps_per_second;
        if self.shown.is_some() && now < self.since + SHORTEST {
            self.left_out = Some(frame);
        } else {
            self.left_out = None;
            self.show(frame, now);
        }
        Ok(())
    }

    /// Shows the last frame for `seconds` more.
    pub fn hold(&mut self, seconds: f64) {
        if let Some(frame) = self.left_out.take() {
            let now = self.since + SHORTEST;
            self.now = self.now.max((now + SHORTEST) as f64);
            self.show(frame, now);
        }
        self.now += seconds * 100.0;
    }

    /// Writes the animation; a file of that name is replaced once the new one is complete.
    ///
    /// # Errors
    /// [`DrawError::NoFrames`], [`DrawError::Write`].
    pub fn write_gif(mut self, path: &Path) -> Result<(), DrawError> {
        self.hold(0.0);
        self.end_last(self.now.round() as u64);
        let shown = self.shown.as_ref().ok_or(DrawError::NoFrames)?;
        let file = file(shown.size(), &self.encoded)
            .map_err(|error| DrawError::write(path, io::Error::other(error)))?;
        write_whole(path, &file)
    }

    fn show(&mut self, frame: Frame, now: u64) {
        // A picture without a change prolongs the frame before it.
        if let Some(encoded) = encode_changes(self.shown.as_ref(), &frame) {
            self.end_last(now);
            self.since = now;
            self.encoded.push(encoded);
            self.shown = Some(frame);
        }
    }

    fn end_last(&mut self, now: u64) {
        if let Some(last) = self.encoded.last_mut() {
            // The longest duration of the format is eleven minutes.
            last.delay = (now - self.since).try_into().unwrap_or(u16::MAX);
        }
    }
}

fn file([width, height]: [u16; 2], frames: &[gif::Frame<'_>]) -> Result<Vec<u8>, EncodingError> {
    let mut encoder = Encoder::new(Vec::new(), width, height, &[])?;
    encoder.set_repeat(Repeat::Infinite)?;
    for frame in frames {
        encoder.write_lzw_pre_encoded_frame(frame)?;
    }
    encoder.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A square on white, `at` pixels from the left, with a shade that depends on `at`.
    fn frame(at: usize) -> Frame {
        let (width, height) = (40, 10);
        let mut rgb = vec![255; width * height * 3];
        for y in 2..6 {
            rgb[3 * (y * width + at)..][..12].fill(at as u8);
        }
        Frame::new(width as u16, height as u16, rgb)
    }

    /// The frames as a viewer shows them, each with its duration in 1/100 s, and the number of
    /// repetitions.
    fn read(path: &Path) -> (Vec<(Frame, u16)>, Repeat) {
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut decoder = options
            .read_info(std::fs::File::open(path).unwrap())
            .unwrap();
        let width = usize::from(decoder.width());
        let (mut rgb, mut frames) = (vec![0; width * usize::from(decoder.height()) * 3], vec![]);
        while let Some(part) = decoder.read_next_frame().unwrap() {
            let (left, top) = (usize::from(part.left), usize::from(part.top));
            for (i, pixel) in part.buffer.chunks(4).enumerate() {
                let [x, y] = [i % usize::from(part.width), i / usize::from(part.width)];
                let at = 3 * ((top + y) * width + left + x);
                rgb[at..at + 3].copy_from_slice(&pixel[..3]);
            }
            let delay = part.delay;
            frames.push((Frame::new(40, 10, rgb.clone()), delay));
        }
        (frames, decoder.repeat())
    }

    fn written(animation: Animation) -> Vec<(Frame, u16)> {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("animation.gif");
        animation.write_gif(&path).unwrap();
        let (frames, repeat) = read(&path);
        assert_eq!(repeat, Repeat::Infinite);
        frames
    }

    fn moving(steps_per_second: f64, frames: usize) -> Animation {
        let mut animation = Animation::new(steps_per_second);
        for i in 0..frames {
            animation.push(frame(i)).unwrap();
        }
        animation
    }

    #[test]
    fn slow_steps_are_all_shown_at_their_pace() {
        let frames = written(moving(30.0, 31));
        let expected: Vec<Frame> = (0..31).map(frame).collect();
        let (shown, delays): (Vec<Frame>, Vec<u16>) = frames.into_iter().unzip();
        assert_eq!(shown, expected);
        assert_eq!(&delays[..4], &[3, 4, 3, 3]);
        assert_eq!(delays.iter().sum::<u16>(), 103, "31 thirtieths of a second");
    }

    #[test]
    fn of_fast_steps_some_are_left_out_but_not_the_last() {
        let mut animation = moving(50.0, 10);
        animation.hold(0.5);
        for i in 20..23 {
            animation.push(frame(i)).unwrap();
        }
        let frames = written(animation);
        let shown = [0, 2, 4, 6, 8, 9, 20, 22].map(frame);
        let delays = [4, 4, 4, 4, 3, 53, 4, 2];
        let expected: Vec<_> = shown.into_iter().zip(delays).collect();
        assert_eq!(frames, expected);
    }

    #[test]
    fn what_stands_still_takes_no_frame() {
        let mut animation = Animation::new(20.0);
        for i in [3, 3, 3, 4] {
            animation.push(frame(i)).unwrap();
        }
        assert_eq!(written(animation), [(frame(3), 15), (frame(4), 5)]);
    }

    #[test]
    fn no_frame_and_frames_of_two_sizes_are_errors() {
        let nothing = Animation::new(50.0).write_gif(Path::new("nothing.gif"));
        assert!(matches!(nothing, Err(DrawError::NoFrames)));
        let mut animation = moving(50.0, 1);
        let error = animation.push(Frame::new(1, 2, vec![0; 6])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a frame of 1 × 2 pixels cannot follow one of 40 × 10"
        );
    }
}
