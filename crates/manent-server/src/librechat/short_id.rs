//! The ids that LibreChat's clients know: 24 hexadecimal digits.

use uuid::Uuid;

/// The short id of one of ours. It is derived, so that nothing is stored and it never changes: the second of the id's making, as in the ids of
/// LibreChat, and then the lower half, which is random. Two of ours with one short id would have to be made in the same second with the same
/// 62 random bits.
pub(super) fn short_id(id: Uuid) -> String {
    let bits = id.as_u128();
    let seconds = (bits >> 80) / 1_000;
    let lower = bits & u128::from(u64::MAX);
    format!("{:08x}{lower:016x}", seconds & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_id_has_24_digits_and_begins_with_the_time() {
        let id = Uuid::from_u128(0x019a_a4a2_0c00_7abc_8123_4567_89ab_cdef);
        assert_eq!(short_id(id), "691fe7f28123456789abcdef");
        assert_eq!(short_id(Uuid::nil()), "0".repeat(24));
        assert_eq!(short_id(Uuid::max()).len(), 24);
    }
}
