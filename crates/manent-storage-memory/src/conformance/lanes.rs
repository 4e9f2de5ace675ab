//! Append with lanes: order, resends, gaps, what is remembered.

use manent_domain::append::{ConflictCause, LaneAdvance, Outcome};
use manent_domain::error::Refusal;

use super::Store;
use super::person::{
    Person, after, answered, conversation, message, plain, refused, said, sequenced,
};

const fn stored(seq: u64) -> Outcome {
    Outcome::Stored { seq }
}

const fn duplicate(seq: u64) -> Outcome {
    Outcome::Duplicate { seq }
}

const fn gap(expected: u64) -> Outcome {
    Outcome::Gap { expected }
}

/// The lane moves with each batch, and tells how far.
pub async fn numbers_are_applied_in_order(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let item = |number: u64| {
        sequenced(
            "phone",
            number,
            conversation(1),
            said(message(number.into()), "x"),
        )
    };
    let plan = person.append_plan(vec![item(1), item(2)], 1).await;
    assert_eq!(
        plan.lanes,
        [LaneAdvance {
            device: "phone".parse().unwrap(),
            conversation: conversation(1),
            device_seq: 2,
        }]
    );
    assert_eq!(person.append(vec![item(3)]).await, [stored(3)]);
    assert_eq!(
        person.message_ids(conversation(1)).await,
        [message(1), message(2), message(3)]
    );
}

/// A lost answer is harmless: the resend is a duplicate at the same place, also with new items behind it.
pub async fn a_resend_gets_the_same_places(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let item = |number: u64| {
        sequenced(
            "phone",
            number,
            conversation(1),
            said(message(number.into()), "x"),
        )
    };
    person.append(vec![item(1), item(2)]).await;
    assert_eq!(
        person.append(vec![item(1), item(2), item(3)]).await,
        [duplicate(1), duplicate(2), stored(3)]
    );
    let plan = person.append_plan(vec![item(2)], 99).await;
    assert_eq!(plan.outcomes[0].outcome, duplicate(2));
    assert_eq!((plan.lanes.len(), plan.touches.len()), (0, 0));
    assert_eq!(person.messages(conversation(1)).await.len(), 3);
}

/// A missing number holds up what comes after it in its lane, and nothing else.
pub async fn a_gap_stops_the_rest_of_its_lane_only(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    person.create(conversation(2), None, 0).await;
    let item = |number: u64| {
        sequenced(
            "phone",
            number,
            conversation(1),
            said(message(number.into()), "x"),
        )
    };
    let outcomes = person
        .append(vec![
            item(1),
            item(3),
            item(2),
            sequenced("desk", 1, conversation(1), said(message(10), "y")),
            sequenced("phone", 1, conversation(2), said(message(11), "z")),
            item(4),
        ])
        .await;
    assert_eq!(
        outcomes,
        [stored(1), gap(2), gap(2), stored(2), stored(1), gap(2)]
    );
    assert_eq!(
        person.append(vec![item(2), item(3), item(4)]).await,
        [stored(3), stored(4), stored(5)]
    );
    assert_eq!(person.append(vec![item(9)]).await, [gap(5)]);
    assert_eq!(
        person
            .append_one(sequenced(
                "tablet",
                7,
                conversation(1),
                said(message(77), "x")
            ))
            .await,
        gap(1)
    );
}

/// Each refusal uses up its number; sent again it is refused in the same way, and the next number goes on.
pub async fn every_refusal_takes_its_number_and_is_remembered(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let items: Vec<_> = Refusal::ALL
        .into_iter()
        .zip(1..)
        .map(|(refusal, number)| {
            let id = Some(message(u128::from(number)));
            refused("phone", number, conversation(1), id, refusal)
        })
        .collect();
    let expected: Vec<_> = Refusal::ALL.into_iter().map(Outcome::Rejected).collect();
    assert_eq!(person.append(items.clone()).await, expected);
    assert_eq!(person.append(items).await, expected);
    let next = u64::try_from(Refusal::ALL.len()).unwrap() + 1;
    let outcome = person
        .append_one(sequenced(
            "phone",
            next,
            conversation(1),
            said(message(500), "goes on"),
        ))
        .await;
    assert_eq!(outcome, stored(1));
    // Repaired in the meantime or not: the number is used up, the answer stays.
    let repaired = sequenced("phone", 3, conversation(1), said(message(3), "repaired"));
    assert_eq!(person.append_one(repaired).await, expected[2]);
    assert_eq!(person.message_ids(conversation(1)).await, [message(500)]);
}

/// A conflict is an outcome like a refusal.
pub async fn a_conflict_takes_its_number_and_is_remembered(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    person
        .append(vec![plain(conversation(1), said(message(1), "taken"))])
        .await;
    let clash = || sequenced("phone", 1, conversation(1), said(message(1), "other"));
    let child = || {
        sequenced(
            "phone",
            2,
            conversation(1),
            after(message(1), said(message(2), "child")),
        )
    };
    let conflict = Outcome::Conflict(ConflictCause::IdTaken);
    let outcomes = person.append(vec![clash(), child()]).await;
    assert_eq!(outcomes, [conflict, Outcome::Blocked]);
    assert_eq!(
        person.append(vec![clash(), child()]).await,
        [conflict, Outcome::Blocked]
    );
    assert_eq!(
        person
            .append_one(sequenced(
                "phone",
                3,
                conversation(1),
                said(message(3), "on")
            ))
            .await,
        stored(2)
    );
}

/// Another message under a number that stored one changes nothing.
pub async fn a_used_number_is_not_given_to_another_message(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let first = || sequenced("phone", 1, conversation(1), said(message(1), "first"));
    person.append(vec![first()]).await;
    let other_id = sequenced("phone", 1, conversation(1), said(message(2), "second"));
    assert_eq!(
        person.append_one(other_id).await,
        Outcome::Conflict(ConflictCause::DeviceSeqTaken)
    );
    let other_words = sequenced("phone", 1, conversation(1), said(message(1), "second"));
    assert_eq!(
        person.append_one(other_words).await,
        Outcome::Conflict(ConflictCause::IdTaken)
    );
    assert_eq!(person.append_one(first()).await, duplicate(1));
    assert_eq!(person.message_ids(conversation(1)).await, [message(1)]);
}

/// Another message under a number that was refused changes nothing either.
pub async fn a_refused_number_is_not_given_to_another_message(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let empty = refused(
        "phone",
        1,
        conversation(1),
        Some(message(1)),
        Refusal::ContentEmpty,
    );
    person.append(vec![empty.clone()]).await;
    let other = sequenced("phone", 1, conversation(1), said(message(2), "second"));
    assert_eq!(
        person.append_one(other).await,
        Outcome::Conflict(ConflictCause::DeviceSeqTaken)
    );
    assert_eq!(
        person.append_one(empty).await,
        Outcome::Rejected(Refusal::ContentEmpty)
    );
    assert_eq!(person.message_ids(conversation(1)).await, []);
}

/// A message whose id could not be read is refused and remembered without one.
pub async fn a_message_without_an_id_takes_its_number(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let nameless = || refused("phone", 1, conversation(1), None, Refusal::InvalidId);
    let outcome = Outcome::Rejected(Refusal::InvalidId);
    assert_eq!(person.append_one(nameless()).await, outcome);
    assert_eq!(person.append_one(nameless()).await, outcome);
    assert_eq!(
        person
            .append_one(sequenced(
                "phone",
                2,
                conversation(1),
                said(message(1), "on")
            ))
            .await,
        stored(1)
    );
}

/// What follows a message whose number in its lane belongs to another one is blocked, in the same batch.
pub async fn descendants_of_a_message_whose_number_was_taken_are_blocked(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let first = sequenced("phone", 1, conversation(1), said(message(1), "first"));
    assert_eq!(person.append_one(first).await, stored(1));
    let late = |device_seq| {
        sequenced(
            "phone",
            device_seq,
            conversation(1),
            said(message(2), "late"),
        )
    };
    let child = |device_seq, id| {
        sequenced(
            "phone",
            device_seq,
            conversation(1),
            after(message(2), answered(message(id), "child")),
        )
    };
    assert_eq!(
        person.append(vec![late(1), child(2, 3)]).await,
        [
            Outcome::Conflict(ConflictCause::DeviceSeqTaken),
            Outcome::Blocked
        ]
    );
    assert_eq!(
        person.append(vec![late(3), child(4, 4)]).await,
        [stored(2), stored(3)]
    );
}

/// Also in another batch, from another device and without a lane.
pub async fn descendants_of_a_refused_message_are_blocked_in_later_batches(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    let outcome = person
        .append_one(refused(
            "phone",
            1,
            conversation(1),
            Some(message(1)),
            Refusal::MessageTooLarge,
        ))
        .await;
    assert_eq!(outcome, Outcome::Rejected(Refusal::MessageTooLarge));
    let child = || {
        sequenced(
            "phone",
            2,
            conversation(1),
            after(message(1), answered(message(2), "child")),
        )
    };
    assert_eq!(person.append_one(child()).await, Outcome::Blocked);
    assert_eq!(person.append_one(child()).await, Outcome::Blocked);
    let outcomes = person
        .append(vec![
            sequenced(
                "desk",
                1,
                conversation(1),
                after(message(2), said(message(3), "grandchild")),
            ),
            plain(
                conversation(1),
                after(message(1), said(message(4), "plain")),
            ),
            sequenced("phone", 3, conversation(1), said(message(5), "apart")),
        ])
        .await;
    assert_eq!(outcomes, [Outcome::Blocked, Outcome::Blocked, stored(1)]);
    // Stored after all, by somebody without the fault: it can be followed now.
    person
        .append(vec![plain(conversation(1), said(message(1), "small"))])
        .await;
    assert_eq!(
        person
            .append_one(plain(
                conversation(1),
                after(message(1), said(message(6), "child"))
            ))
            .await,
        stored(3)
    );
}

/// A lane may name a conversation that does not exist; when it exists later, the lane goes on.
pub async fn a_missing_conversation_takes_numbers_too(store: &dyn Store) {
    let person = Person::new(store, 1);
    let item = |number: u64| {
        sequenced(
            "phone",
            number,
            conversation(1),
            said(message(number.into()), "x"),
        )
    };
    let missing = Outcome::Rejected(Refusal::ConversationNotFound);
    assert_eq!(person.append(vec![item(1)]).await, [missing]);
    person.create(conversation(1), None, 0).await;
    assert_eq!(
        person.append(vec![item(1), item(2)]).await,
        [missing, stored(1)]
    );
}

/// Lanes are devices in conversations: each counts for itself.
pub async fn lanes_are_apart(store: &dyn Store) {
    let person = Person::with_conversation(store, conversation(1)).await;
    person.create(conversation(2), None, 0).await;
    let outcomes = person
        .append(vec![
            sequenced("phone", 1, conversation(1), said(message(1), "a")),
            sequenced("desk", 1, conversation(1), said(message(2), "b")),
            sequenced("phone", 1, conversation(2), said(message(3), "c")),
            sequenced("desk", 2, conversation(1), said(message(4), "d")),
        ])
        .await;
    assert_eq!(outcomes, [stored(1), stored(2), stored(1), stored(3)]);
    // The same message from two devices is one message, and takes a number in both lanes.
    let again = sequenced("phone", 2, conversation(1), said(message(4), "d"));
    assert_eq!(person.append_one(again.clone()).await, duplicate(3));
    assert_eq!(person.append_one(again).await, duplicate(3));
    assert_eq!(
        person
            .append_one(sequenced(
                "phone",
                3,
                conversation(1),
                said(message(5), "e")
            ))
            .await,
        stored(4)
    );
}

/// The same device id under another owner is another lane, and refusals are not shared.
pub async fn lanes_of_two_owners_are_apart(store: &dyn Store) {
    let (one, other) = (Person::new(store, 1), Person::new(store, 2));
    for person in [one, other] {
        person.create(conversation(1), None, 0).await;
    }
    let refusal = Refusal::ContentEmpty;
    one.append(vec![
        refused("phone", 1, conversation(1), Some(message(1)), refusal),
        sequenced("phone", 2, conversation(1), said(message(2), "a")),
        refused("phone", 3, conversation(1), Some(message(9)), refusal),
    ])
    .await;
    let outcomes = other
        .append(vec![
            sequenced("phone", 1, conversation(1), said(message(1), "fine here")),
            plain(conversation(1), after(message(1), said(message(3), "b"))),
            plain(conversation(1), after(message(9), said(message(4), "c"))),
        ])
        .await;
    let unknown = Outcome::Rejected(Refusal::ParentUnknown);
    assert_eq!(outcomes, [stored(1), stored(2), unknown]);
    let blocked = one
        .append_one(plain(
            conversation(1),
            after(message(1), said(message(4), "b")),
        ))
        .await;
    assert_eq!(blocked, Outcome::Blocked);
}
