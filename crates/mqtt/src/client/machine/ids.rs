//! Packet ids.

/// Hands out packet ids: one after the other, so that an id is not used again soon after it was free.
#[derive(Debug, Default)]
pub(super) struct PacketIds(u16);

impl PacketIds {
    /// The next one that is not taken. There are fewer packets under way than ids.
    pub(super) fn next(&mut self, is_taken: impl Fn(u16) -> bool) -> u16 {
        loop {
            // 0 is none.
            self.0 = self.0.checked_add(1).unwrap_or(1);
            if !is_taken(self.0) {
                return self.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PacketIds;

    #[test]
    fn ids_wrap_past_zero_and_skip_those_under_way() {
        let mut ids = PacketIds(65_533);
        let next: Vec<_> = (0..4).map(|_| ids.next(|id| id == 65_535 || id == 1)).collect();
        assert_eq!(next, [65_534, 2, 3, 4]);
    }
}
