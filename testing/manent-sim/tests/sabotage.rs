//! The simulation notices each engine that breaks a promise, and calls the promise by its name.

use manent_sim::{Sabotage, Scenario, Violation, simulate_sabotaged};

fn is_the_one(sabotage: Sabotage, violation: &Violation) -> bool {
    use Violation as V;
    match sabotage {
        Sabotage::SendsBeforePersisted | Sabotage::RenamesOnRetry => {
            matches!(violation, V::SentBeforePersisted(_))
        }
        // One that the server has may go; then it is the next word about it that is not true.
        Sabotage::GivesUpAfterRetries => {
            matches!(violation, V::Lost(_) | V::AcceptedNotPersisted(_))
        }
        Sabotage::EmptiesTheTray => matches!(violation, V::Lost(_) | V::DecidedTooEarly(_)),
        Sabotage::SwapsNumbers => matches!(violation, V::OutOfOrder(_)),
        Sabotage::OvertakesTheParent => matches!(violation, V::SentBeforeParent(_)),
        Sabotage::SendsTwoRequests => matches!(violation, V::TwoRequests),
        Sabotage::WritesTwoTransactions => matches!(violation, V::TwoTransactions),
        Sabotage::ProbesWithTwo => matches!(violation, V::NotAProbe { items: 2, .. }),
        Sabotage::IgnoresPatience => matches!(violation, V::Impatient { .. }),
        Sabotage::SaysQueuedTooEarly => matches!(violation, V::AcceptedNotPersisted(_)),
        Sabotage::SaysSavedTooEarly => matches!(violation, V::NotSaved(_)),
        Sabotage::IgnoresTheLoss => matches!(
            violation,
            V::AcceptedNotPersisted(_) | V::SentBeforePersisted(_) | V::Lost(_)
        ),
        Sabotage::OversleepsForever => matches!(violation, V::Stuck(_)),
    }
}

#[test]
fn every_sabotage_is_noticed_in_a_few_worlds() {
    let mut unnoticed = Vec::new();
    for sabotage in Sabotage::ALL {
        let noticed = (1..=20).find_map(|seed| {
            let scenario = Scenario {
                seed,
                messages: 200,
                devices: 3,
                tabs: 3,
            };
            simulate_sabotaged(scenario, sabotage).err()
        });
        match noticed {
            Some(failure) if is_the_one(sabotage, &failure.violation) => {
                println!("{sabotage:?}: {failure}");
            }
            other => unnoticed.push((sabotage, other)),
        }
    }
    assert!(unnoticed.is_empty(), "{unnoticed:#?}");
}
