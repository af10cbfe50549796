//! The seeded randomness that `random_get` hands out.

/// SplitMix64: every seed gives a sequence without short cycles, which is all a test needs.
pub(crate) struct Random {
    state: u64,
}

impl Random {
    /// A sequence of its own for each worker and each fresh virtual machine of it.
    pub(crate) fn new(seed: u64, worker: u64, generation: u64) -> Random {
        let mut random = Random { state: seed };
        random.state = random.next().wrapping_add(worker);
        random.state = random.next().wrapping_add(generation);
        random
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < length {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(length);
        bytes
    }
}
