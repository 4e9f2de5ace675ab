//! Back-off with full jitter.
//!
//! Invariant: the wait before the next try is drawn evenly from 0 to `min(cap, base × 2^(failures - 1))`. It says when, never whether:
//! nothing is dropped for having been tried often.

use rand_pcg::rand_core::Rng;

use crate::time::Millis;

/// Evenly from 0 to `bound`, both included.
pub(crate) fn draw(rng: &mut impl Rng, bound: Millis) -> Millis {
    match bound.checked_add(1) {
        Some(count) => rng.next_u64() % count,
        None => rng.next_u64(),
    }
}

/// From 0 to `bound`, early times more often than late ones: the earlier of two draws. Whoever waits like this comes back in numbers that fall evenly,
/// as the number of those that are back already grows.
pub(crate) fn early_draw(rng: &mut impl Rng, bound: Millis) -> Millis {
    draw(rng, bound).min(draw(rng, bound))
}

/// `base × 2^doublings`, at most `cap`.
pub(crate) fn doubled(base: Millis, doublings: u32, cap: Millis) -> Millis {
    let factor = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
    base.saturating_mul(factor).min(cap)
}

/// The wait after so many failures in a row (1 and up).
pub(crate) fn full_jitter(rng: &mut impl Rng, failures: u32, base: Millis, cap: Millis) -> Millis {
    draw(rng, doubled(base, failures.saturating_sub(1), cap))
}

#[cfg(test)]
mod tests {
    use rand_pcg::Pcg32;
    use rand_pcg::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn an_early_draw_uses_the_whole_range_and_prefers_its_beginning() {
        let mut rng = Pcg32::seed_from_u64(7);
        let draws: Vec<Millis> = (0..3_000).map(|_| early_draw(&mut rng, 900)).collect();
        let below = |bound: Millis| draws.iter().filter(|drawn| **drawn < bound).count();
        // A third of the range holds 5 of 9, the next third 3, the last one 1.
        assert!((1_567..1_767).contains(&below(300)), "{}", below(300));
        assert!((2_567..2_767).contains(&below(600)), "{}", below(600));
        assert!(draws.iter().max() > Some(&850) && draws.iter().max() <= Some(&900));
    }

    #[test]
    fn grows_to_the_cap_and_uses_the_whole_range() {
        let mut rng = Pcg32::seed_from_u64(7);
        for (failures, bound) in [
            (1, 1_000),
            (2, 2_000),
            (5, 16_000),
            (6, 30_000),
            (90, 30_000),
        ] {
            let waits: Vec<Millis> = (0..500)
                .map(|_| full_jitter(&mut rng, failures, 1_000, 30_000))
                .collect();
            assert!(waits.iter().all(|wait| *wait <= bound), "{failures}");
            assert!(waits.iter().any(|wait| *wait < bound / 10), "{failures}");
            assert!(
                waits.iter().any(|wait| *wait > bound / 10 * 9),
                "{failures}"
            );
        }
    }
}
