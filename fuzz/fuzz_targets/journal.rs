//! Files of the journal: the first twelve bytes are a count and a position, the rest is a file and the payload of a record.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    manent_journal::fuzzing::file(bytes);
    if let Some((head, payload)) = bytes.split_first_chunk::<12>() {
        let count = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
        let position = head[4..]
            .iter()
            .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        manent_journal::fuzzing::framed(payload, count, position);
    }
});
