//! Moving pictures as GIF files.

use std::io;
use std::path::Path;

use gif::{Encoder, EncodingError, Repeat};

use super::file::write_whole;
use super::gif_frame::encode_changes;
use super::{DrawError, Frame};

/// A frame is shown for this long at least, in 1/100 s: browsers slow down shorter ones, and 33
/// frames per second look smooth.
const SHORTEST: u64 = 3;

/// An animation that plays at the pace of its environment, over and over.
///
/// GIF files count time in 1/100 s: a frame lasts until the next one's time, rounded, so that the
/// pace is kept. Where steps are shorter than 0.03 s, some are left out, but not the last before a
/// [`hold`](Self::hold) or the end.
pub struct Animation {
    steps_per_second: f64,
    /// What has been shown, each but the last with its duration.
    encoded: Vec<gif::Frame<'static>>,
    /// The last frame shown.
    shown: Option<Frame>,
    /// The frame after it, if it was left out.
    left_out: Option<Frame>,
    /// Since when the last of `encoded` is on show, in 1/100 s.
    since: u64,
    /// Where the next frame belongs, in 1/100 s.
    now: f64,
}

impl Animation {
    /// Without a frame, at the pace of [`Draw::steps_per_second`](super::Draw::steps_per_second).
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

    /// Writes the animation, whole or not at all; a file of that name is replaced.
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
        // Where nothing has changed, the frame on show goes on.
        if let Some(encoded) = encode_changes(self.shown.as_ref(), &frame) {
            self.end_last(now);
            self.since = now;
            self.encoded.push(encoded);
            self.shown = Some(frame);
        }
    }

    fn end_last(&mut self, now: u64) {
        if let Some(last) = self.encoded.last_mut() {
            // The longest that the format knows is eleven minutes.
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
