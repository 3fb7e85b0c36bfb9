//! Random streams: NumPy's `PCG64`, seeded by NumPy's `SeedSequence`.

use std::convert::Infallible;

use rand::{Rng, TryRng};
use rand_pcg::Pcg64;

/// Purpose of a stream of a run. Each purpose is a spawn key of its own, so that no two purposes
/// of a run share a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The resets and the noise of an environment.
    Environment,
    /// The sampling of actions.
    Action,
    /// The drawing of initial weights.
    Initialization,
    /// The shuffling of minibatches.
    Shuffling,
    /// The drawing of transitions from a replay buffer.
    Replay,
    /// The noise of noisy layers.
    Noise,
}

impl Purpose {
    fn spawn_key(self) -> u32 {
        match self {
            Self::Environment => 0,
            Self::Action => 1,
            Self::Initialization => 2,
            Self::Shuffling => 3,
            Self::Replay => 4,
            Self::Noise => 5,
        }
    }
}

/// Mixes a seed and a spawn key into the words that start a generator.
///
/// The algorithm, its constants and therefore its output are those of
/// [`numpy.random.SeedSequence`](https://numpy.org/doc/stable/reference/random/bit_generators/generated/numpy.random.SeedSequence.html)
/// with a pool of four 32-bit words (O'Neill 2015, "Developing a seed_seq alternative").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedSequence {
    pool: [u32; POOL_SIZE],
}

const POOL_SIZE: usize = 4;
const INIT_A: u32 = 0x43b0_d7e5;
const MULT_A: u32 = 0x931e_8875;
const INIT_B: u32 = 0x8b51_f9dd;
const MULT_B: u32 = 0x58f3_8ded;
const MIX_MULT_L: u32 = 0xca01_f9dd;
const MIX_MULT_R: u32 = 0x4973_f715;
const XSHIFT: u32 = 16;

fn hash_mix(value: u32, hash: &mut u32) -> u32 {
    let value = value ^ *hash;
    *hash = hash.wrapping_mul(MULT_A);
    let value = value.wrapping_mul(*hash);
    value ^ (value >> XSHIFT)
}

fn mix(x: u32, y: u32) -> u32 {
    let result = MIX_MULT_L
        .wrapping_mul(x)
        .wrapping_sub(MIX_MULT_R.wrapping_mul(y));
    result ^ (result >> XSHIFT)
}

impl SeedSequence {
    /// `numpy.random.SeedSequence(seed, spawn_key=spawn_key)`.
    pub fn new(seed: u64, spawn_key: &[u32]) -> Self {
        let mut entropy = vec![seed as u32];
        if seed >> 32 != 0 {
            entropy.push((seed >> 32) as u32);
        }
        if !spawn_key.is_empty() {
            // A spawned sequence must differ from one whose entropy happens to end in its key.
            entropy.resize(POOL_SIZE, 0);
            entropy.extend_from_slice(spawn_key);
        }

        let mut hash = INIT_A;
        let mut pool = [0; POOL_SIZE];
        for (i, word) in pool.iter_mut().enumerate() {
            *word = hash_mix(entropy.get(i).copied().unwrap_or(0), &mut hash);
        }
        for source in 0..POOL_SIZE {
            for target in (0..POOL_SIZE).filter(|&target| target != source) {
                pool[target] = mix(pool[target], hash_mix(pool[source], &mut hash));
            }
        }
        for &word in entropy.iter().skip(POOL_SIZE) {
            for target in &mut pool {
                *target = mix(*target, hash_mix(word, &mut hash));
            }
        }
        Self { pool }
    }

    /// The first four 64-bit words, `generate_state(4, numpy.uint64)`.
    pub fn generate_state(&self) -> [u64; 4] {
        let mut hash = INIT_B;
        let mut words = self.pool.iter().cycle().map(|&word| {
            let value = word ^ hash;
            hash = hash.wrapping_mul(MULT_B);
            let value = value.wrapping_mul(hash);
            u64::from(value ^ (value >> XSHIFT))
        });
        let mut next = || words.next().unwrap_or_default();
        std::array::from_fn(|_| {
            let low = next();
            low | (next() << 32)
        })
    }
}

/// A reproducible stream of random numbers: `numpy.random.Generator(PCG64(...))`.
///
/// It is also a [`rand::Rng`], so that the distributions of `rand` and `rand_distr` draw from it.
///
/// ```
/// use rl_core::Stream;
/// let mut stream = Stream::from_seed(42);
/// assert_eq!(stream.next_f64(), 0.7739560485559633); // numpy.random.default_rng(42).random()
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    generator: Pcg64,
    /// High half of a word whose low half [`integers`](Stream::integers) has taken.
    spare: Option<u32>,
}

impl Stream {
    /// Number of words that a stream is saved as.
    pub(crate) const WORDS: usize = 5;

    /// The stream that `numpy.random.default_rng(seed)` and Gymnasium's `reset(seed=seed)` start.
    pub fn from_seed(seed: u64) -> Self {
        Self::from_sequence(&SeedSequence::new(seed, &[]))
    }

    /// The stream of a run with seed `seed` for one purpose; `index` tells apart the environments
    /// of a batch, or whatever else there is several of.
    pub fn derive(seed: u64, purpose: Purpose, index: u32) -> Self {
        Self::from_sequence(&SeedSequence::new(seed, &[purpose.spawn_key(), index]))
    }

    /// The stream of the `episode`-th episode that each environment of a group has in a collection.
    pub(crate) fn of_group(seed: u64, group: u32, collection: u64, episode: u32) -> Self {
        let purpose = Purpose::Environment.spawn_key();
        let (high, low) = ((collection >> 32) as u32, collection as u32);
        Self::from_sequence(&SeedSequence::new(
            seed,
            &[purpose, group, high, low, episode],
        ))
    }

    fn from_sequence(sequence: &SeedSequence) -> Self {
        let [a, b, c, d] = sequence.generate_state().map(u128::from);
        Self {
            generator: Pcg64::new(a << 64 | b, c << 64 | d),
            spare: None,
        }
    }

    /// The generator's state and stream parameter, each as its high and its low half, and the half
    /// word that is left: 0, or 2³² more than it.
    pub(crate) fn words(&self) -> [u64; Self::WORDS] {
        let halves = |x: u128| [(x >> 64) as u64, x as u64];
        let (state, stream) = (self.generator.state(), self.generator.stream());
        let ([a, b], [c, d]) = (halves(state), halves(stream));
        [
            a,
            b,
            c,
            d,
            self.spare.map_or(0, |half| 1 << 32 | u64::from(half)),
        ]
    }

    /// The stream that [`words`](Self::words) were taken from.
    pub(crate) fn from_words(words: [u64; Self::WORDS]) -> Self {
        let [a, b, c, d, spare] = words.map(u128::from);
        Self {
            generator: Pcg64::from_state(a << 64 | b, c << 64 | d),
            spare: (spare >> 32 == 1).then_some(spare as u32),
        }
    }

    /// Uniform in `[0, 1)` with 53 random bits, NumPy's `random()`.
    #[inline]
    pub fn next_f64(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// Uniform in `[low, high)`, NumPy's `uniform(low, high)`.
    #[inline]
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.next_f64()
    }

    /// Uniform over `0..n`, up to a bias of `n / 2⁵³`. `n` must be positive.
    #[inline]
    pub fn below(&mut self, n: usize) -> usize {
        // The product rounds to `n` only when `n` nears 2⁵³.
        ((self.next_f64() * n as f64) as usize).min(n.saturating_sub(1))
    }

    /// Uniform over `0..n`, NumPy's `integers(0, n)` for `n` below 2³²; 0 without a draw for an `n`
    /// of 0 or 1.
    ///
    /// A word of the generator gives two of these numbers: its high half is kept for the next call,
    /// whatever else is drawn in between (Lemire 2019, "Fast random integer generation in an
    /// interval").
    ///
    /// ```
    /// use rl_core::Stream;
    /// let mut stream = Stream::from_seed(42);
    /// // rng = numpy.random.default_rng(42); [rng.integers(0, 13) for _ in range(4)]
    /// assert_eq!([(); 4].map(|()| stream.integers(13)), [1, 10, 8, 5]);
    /// ```
    pub fn integers(&mut self, n: u32) -> u32 {
        if n < 2 {
            return 0;
        }
        loop {
            let product = u64::from(self.half_word()) * u64::from(n);
            // The words beyond the last whole multiple of `n` would favour small numbers.
            if product as u32 >= n.wrapping_neg() % n {
                return (product >> 32) as u32;
            }
        }
    }

    fn half_word(&mut self) -> u32 {
        if let Some(half) = self.spare.take() {
            return half;
        }
        let word = self.next_u64();
        self.spare = Some((word >> 32) as u32);
        word as u32
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.generator.try_next_u32()
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.generator.try_next_u64()
    }

    fn try_fill_bytes(&mut self, destination: &mut [u8]) -> Result<(), Infallible> {
        self.generator.try_fill_bytes(destination)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seed_sequence_equals_numpys() {
        for (seed, spawn_key, expected) in NUMPY_STATES {
            assert_eq!(
                SeedSequence::new(*seed, spawn_key).generate_state(),
                *expected
            );
        }
    }

    #[test]
    fn seed_42_starts_as_numpys_default_generator() {
        let mut stream = Stream::from_seed(42);
        assert_eq!(stream.clone().next_u64(), 14_276_969_152_011_380_360);
        assert_eq!(stream.next_f64(), 0.773_956_048_555_963_3);
    }

    #[test]
    fn streams_of_a_run_differ_by_seed_purpose_and_index() {
        let purposes = [
            Purpose::Environment,
            Purpose::Action,
            Purpose::Initialization,
            Purpose::Shuffling,
            Purpose::Replay,
            Purpose::Noise,
        ];
        let mut seen = std::collections::HashSet::new();
        for seed in 0..20 {
            assert!(seen.insert(Stream::from_seed(seed).next_u64()));
            for purpose in purposes {
                for index in 0..20 {
                    assert!(seen.insert(Stream::derive(seed, purpose, index).next_u64()));
                }
            }
        }
    }

    #[test]
    fn integers_are_numpys_and_other_draws_leave_the_half_word_alone() {
        // rng = numpy.random.default_rng(0): integers(0, 3) and random() in turn.
        let mut stream = Stream::from_seed(0);
        for (integer, random) in [
            (2, 0.269_786_713_763_870_3),
            (1, 0.040_973_523_936_194_69),
            (0, 0.813_270_239_200_272_4),
        ] {
            assert_eq!((stream.integers(3), stream.next_f64()), (integer, random));
        }
        let before = stream.clone();
        assert_eq!((stream.integers(0), stream.integers(1)), (0, 0));
        assert_eq!(stream, before);
    }

    #[test]
    fn below_covers_its_range_evenly() {
        let mut stream = Stream::from_seed(0);
        let mut counts = [0_u32; 3];
        for _ in 0..30_000 {
            counts[stream.below(3)] += 1;
        }
        // 99.9 % of a binomial(30000, 1/3) lies within 3.3 standard deviations of 81.6.
        assert!(
            counts.iter().all(|&count| count.abs_diff(10_000) < 270),
            "{counts:?}"
        );
    }

    /// `numpy.random.SeedSequence(seed, spawn_key=key).generate_state(4, numpy.uint64)`, NumPy 2.4.
    type NumpyState = (u64, &'static [u32], [u64; 4]);
    const NUMPY_STATES: &[NumpyState] = &[
        (
            0,
            &[],
            [
                15793235383387715774,
                12390638538380655177,
                2361836109651742017,
                3188717715514472916,
            ],
        ),
        (
            42,
            &[],
            [
                11465652750463011511,
                15382171918060459190,
                9018504550953525431,
                3703499796004394495,
            ],
        ),
        (
            1099511627783,
            &[],
            [
                974592680304384533,
                11164224302760304993,
                11068753026110695683,
                4650291916314288918,
            ],
        ),
        (
            0,
            &[0, 0],
            [
                2635072618980576772,
                8565498584995198975,
                8661801837256207805,
                3958620049006050990,
            ],
        ),
        (
            42,
            &[1, 3],
            [
                11431966289573786852,
                6571156412138131183,
                14125155151308388110,
                11124782520717507870,
            ],
        ),
        (
            9223372036854775813,
            &[2, 0],
            [
                145459525943197068,
                9038119816292115682,
                4348818445676710604,
                18296039594197979031,
            ],
        ),
        (
            7,
            &[3, 4294967295],
            [
                6173179659184717393,
                15866508455347428649,
                1469713274666075227,
                7312902334636887686,
            ],
        ),
    ];
}
