//! How much is done, and by which chance.

use std::str::FromStr;

/// A number of something, at the scale that `MANENT_PROOF_SCALE` asks for: 1 (the default) is what the promises name, 0.1 a tenth of
/// it for a quick look. Never less than one.
pub fn scaled(number: usize) -> usize {
    let scale = variable("MANENT_PROOF_SCALE").unwrap_or(1.0_f64);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "small numbers, not negative"
    )]
    let scaled = (number as f64 * scale.max(0.0)).round() as usize;
    scaled.max(1)
}

/// The seed of a proof: that of `MANENT_PROOF_SEED`, or a new one. It is printed, so that a failure tells it.
#[expect(clippy::print_stdout, reason = "shown by the test runner on failure")]
pub fn seeded(proof: &str) -> u64 {
    let seed = variable("MANENT_PROOF_SEED").unwrap_or_else(rand::random);
    println!("{proof}: MANENT_PROOF_SEED={seed}");
    seed
}

fn variable<T: FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}
