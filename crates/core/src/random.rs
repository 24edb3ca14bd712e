//! Randomness as an argument: whoever holds the seed can play a run again.

/// A source of random bytes.
pub trait Random {
    /// Fills the whole buffer.
    fn fill(&mut self, buffer: &mut [u8]);

    /// A uniformly random number.
    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

/// Fast, reproducible and predictable: for tests, simulators and jitter. Never for keys.
///
/// The generator is SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Clone, Debug)]
pub struct SeededRandom(u64);

impl SeededRandom {
    /// Equal seeds give equal sequences.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// True with the given probability; values at or below 0 never, at or above 1 always.
    pub fn chance(&mut self, probability: f64) -> bool {
        // 53 bits fill the mantissa of an f64 exactly.
        let unit = (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        unit < probability
    }

    /// A number in `low..=high`, or `low` where the range is empty.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        let span = high.saturating_sub(low).saturating_add(1);
        low.saturating_add(self.next_u64() % span)
    }
}

impl Random for SeededRandom {
    fn fill(&mut self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            for (to, from) in chunk.iter_mut().zip(self.next_u64().to_le_bytes()) {
                *to = from;
            }
        }
    }

    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(feature = "std")]
pub use system::SystemRandom;

#[cfg(feature = "std")]
mod system {
    use super::Random;

    /// The operating system's random source, fit for keys.
    #[derive(Clone, Copy, Debug, Default)]
    #[non_exhaustive]
    pub struct SystemRandom;

    impl SystemRandom {
        /// The system's source.
        pub const fn new() -> Self {
            Self
        }
    }

    impl Random for SystemRandom {
        /// # Panics
        /// When the operating system has no randomness to give, which no program can go on without.
        fn fill(&mut self, buffer: &mut [u8]) {
            getrandom::fill(buffer).expect("the operating system provides random bytes");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Random, SeededRandom};

    #[test]
    fn splitmix64_matches_its_published_sequence() {
        // The first outputs for seed 1234567, as the reference implementation in C prints them.
        let mut random = SeededRandom::new(1_234_567);
        let first: [u64; 3] = core::array::from_fn(|_| random.next_u64());
        assert_eq!(
            first,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn chance_and_between_keep_their_bounds() {
        let mut random = SeededRandom::new(1);
        assert!((0..1000).all(|_| !random.chance(0.0) && random.chance(1.0)));
        let hits = (0..10_000).filter(|_| random.chance(0.25)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
        assert!((0..1000).all(|_| (5..=9).contains(&random.between(5, 9))));
        assert_eq!(random.between(5, 4), 5);
        random.between(0, u64::MAX);
    }

    #[test]
    fn fill_reaches_every_byte() {
        let mut seen = [0_u8; 13];
        for seed in 0..20 {
            let mut buffer = [0_u8; 13];
            SeededRandom::new(seed).fill(&mut buffer);
            seen.iter_mut().zip(buffer).for_each(|(s, b)| *s |= b);
        }
        assert!(seen.iter().all(|b| *b != 0));
    }
}
