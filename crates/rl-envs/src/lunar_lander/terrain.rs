//! Terrain: a polyline with a level landing pad in its middle.

use rl_core::Stream;

use super::vector::Vector;

/// Number of vertices of the terrain.
pub(super) const VERTICES: usize = 11;
/// Distance between two vertices, in m.
const CHUNK: f64 = 2.0;
/// Width of the world, in m.
pub(super) const WIDTH: f64 = 20.0;
/// Height of the world, in m.
pub(super) const HEIGHT: f64 = 40.0 / 3.0;
/// Height of the pad in rewards and observations, in m.
pub(super) const HELIPAD_Y: f64 = HEIGHT / 4.0;

/// Terrain, solid below the polyline through `(2i, heights[i])`, with nothing beside it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Terrain {
    pub(super) heights: [f64; VERTICES],
    /// Greatest height, in m.
    peak: f64,
}

/// Position of a point in relation to the ground.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ground {
    /// Unit vector out of the ground.
    pub(super) normal: Vector,
    /// Distance of the point from the line of the chunk below it, in m, negative inside.
    pub(super) distance: f64,
    /// The chunk below the point, as a set of one.
    pub(super) chunks: Chunks,
}

/// Set of chunks of the terrain: bit `i` is the chunk between the vertices `i` and `i + 1`.
pub(super) type Chunks = u16;

impl Terrain {
    pub(super) fn new(heights: [f64; VERTICES]) -> Self {
        let peak = heights.iter().copied().fold(f64::MIN, f64::max);
        Self { heights, peak }
    }

    /// Random terrain as in Gymnasium: heights are uniform in the lower half of the world, level at
    /// the pad, and smoothed with weights of 0.33, so that the pad lies at 3.3 m and not at
    /// [`HELIPAD_Y`].
    pub(super) fn sample(rng: &mut Stream) -> Self {
        let mut raw: [f64; VERTICES + 1] = std::array::from_fn(|_| rng.uniform(0.0, HEIGHT / 2.0));
        raw[3..=7].fill(HELIPAD_Y);
        Self::new(std::array::from_fn(|i| {
            // The left neighbour of the first is the last, the twelfth, as with Python's index -1.
            let left = raw[if i == 0 { VERTICES } else { i - 1 }];
            0.33 * (left + raw[i] + raw[i + 1])
        }))
    }

    pub(super) fn vertex(&self, i: usize) -> Vector {
        Vector::new(CHUNK * i as f64, self.heights[i])
    }

    /// Indices of the chunks that some `x` in `[low, high]` lies in, as a half-open range.
    fn chunks(low: f64, high: f64) -> std::ops::Range<usize> {
        // A cast saturates: points to the left of the terrain belong to its first chunk.
        let last = VERTICES - 2;
        ((low / CHUNK) as usize).min(last)..((high / CHUNK) as usize).min(last) + 1
    }

    /// Returns `true` if the ground may reach `y` or higher somewhere in `[low, high]`, and `false`
    /// only if it does not.
    pub(super) fn reaches(&self, y: f64, low: f64, high: f64) -> bool {
        self.peak >= y && {
            let chunks = Self::chunks(low, high);
            self.heights[chunks.start..=chunks.end]
                .iter()
                .any(|&height| height >= y)
        }
    }

    /// The ground below or above a point; `None` beside the world.
    pub(super) fn below(&self, point: Vector) -> Option<Ground> {
        if !(0.0..=WIDTH).contains(&point.x) {
            return None;
        }
        let i = Self::chunks(point.x, point.x).start;
        let rise = self.heights[i + 1] - self.heights[i];
        let length = CHUNK.hypot(rise);
        let normal = Vector::new(-rise / length, CHUNK / length);
        Some(Ground {
            normal,
            distance: normal.dot(point - self.vertex(i)),
            chunks: 1 << i,
        })
    }

    /// The vertices at which the ground bends downwards, with `x` in `[low, high]`, each with the
    /// two chunks that it belongs to.
    pub(super) fn ridges(&self, low: f64, high: f64) -> impl Iterator<Item = (Vector, Chunks)> {
        let chunks = Self::chunks(low, high);
        (chunks.start.max(1)..chunks.end)
            .filter(|&i| self.heights[i - 1] + self.heights[i + 1] < 2.0 * self.heights[i])
            .map(|i| (self.vertex(i), 0b11 << (i - 1)))
            .filter(move |(vertex, _)| (low..=high).contains(&vertex.x))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pad_is_level_and_the_terrain_stays_in_the_world() {
        for seed in 0..100 {
            let terrain = Terrain::sample(&mut Stream::from_seed(seed));
            for i in 4..=6 {
                assert!((terrain.heights[i] - 3.3).abs() < 1e-12);
            }
            assert!(terrain.heights.iter().all(|y| (0.0..6.61).contains(y)));
        }
    }

    #[test]
    fn distances_are_measured_along_the_normal_of_the_chunk() {
        let mut heights = [1.0; VERTICES];
        heights[3] = 2.0;
        let terrain = Terrain::new(heights);
        let level = terrain.below(Vector::new(1.0, 1.5));
        assert_eq!(
            level,
            Some(Ground {
                normal: Vector::new(0.0, 1.0),
                distance: 0.5,
                chunks: 0b1,
            })
        );
        // Chunk 2 rises by 1 m over 2 m: a point 1 m above it is 2/√5 m away.
        let slope = terrain.below(Vector::new(5.0, 2.5)).unwrap();
        assert!((slope.distance - 2.0 / 5.0_f64.sqrt()).abs() < 1e-12);
        assert!(slope.normal.x < 0.0);
        assert_eq!(terrain.below(Vector::new(-0.1, 0.0)), None);
        assert_eq!(terrain.below(Vector::new(20.1, 0.0)), None);
    }

    #[test]
    fn ridges_are_the_vertices_that_stick_out() {
        let mut heights = [1.0; VERTICES];
        heights[3] = 2.0;
        let terrain = Terrain::new(heights);
        let ridges: Vec<_> = terrain.ridges(0.0, WIDTH).collect();
        assert_eq!(ridges, [(Vector::new(6.0, 2.0), 0b1100)]);
        assert_eq!(terrain.ridges(6.1, 9.0).count(), 0);
    }

    #[test]
    fn the_broad_phase_never_misses_ground() {
        let terrain = Terrain::sample(&mut Stream::from_seed(3));
        for i in 0..=200 {
            let x = f64::from(i) / 10.0;
            for y in [0.5, 2.0, 3.3, 4.5] {
                let inside = terrain.below(Vector::new(x, y)).unwrap().distance < 0.0;
                assert!(!inside || terrain.reaches(y, x, x), "({x}, {y})");
            }
        }
        assert!(!terrain.reaches(7.0, 0.0, WIDTH));
    }
}
