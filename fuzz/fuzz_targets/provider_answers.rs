//! Answers of providers in both formats, whole and cut (the first byte says into which pieces): they say the same, and end once.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((piece, answer)) = bytes.split_first() else {
        return;
    };
    manent_providers::fuzzing::anthropic_answer(answer, usize::from(*piece));
    manent_providers::fuzzing::openai_answer(answer, usize::from(*piece));
});
