use super::*;
use crate::audit::{AuditBreakCause, AuditKind};
use crate::testing::{World, account, run};

fn verify(world: &World) -> AuditVerdict {
    run(world.audit_log().verify(&Caller::command_line())).unwrap()
}

#[test]
fn a_log_longer_than_a_batch_verifies_and_a_change_is_found() {
    let world = World::with_account(account("ada@example.org"));
    for _ in 0..BATCH + 5 {
        world.signed_in("ada@example.org");
    }
    let count = u64::try_from(BATCH + 5).unwrap();
    assert!(matches!(verify(&world), AuditVerdict::Whole(head) if head.number == count));
    world.store.state().audit[BATCH + 1].account = None;
    let cause = AuditBreakCause::Changed;
    let number = count - 3;
    assert_eq!(
        verify(&world),
        AuditVerdict::Broken(AuditBreak { number, cause })
    );
}

#[test]
fn an_empty_log_is_whole() {
    assert_eq!(verify(&World::new()), AuditVerdict::Whole(AuditHead::EMPTY));
}

#[test]
fn a_missing_entry_is_found() {
    let world = World::with_account(account("ada@example.org"));
    for _ in 0..5 {
        world.signed_in("ada@example.org");
    }
    world.store.state().audit.remove(2);
    let cause = AuditBreakCause::OutOfOrder { expected: 3 };
    assert_eq!(
        verify(&world),
        AuditVerdict::Broken(AuditBreak { number: 4, cause })
    );
}

#[test]
fn an_entry_that_cannot_be_read_is_named() {
    let world = World::with_account(account("ada@example.org"));
    for _ in 0..5 {
        world.signed_in("ada@example.org");
    }
    world.store.state().damaged_entry = Some(4);
    let cause = AuditBreakCause::Unreadable {
        column: "audit.kind",
    };
    assert_eq!(
        verify(&world),
        AuditVerdict::Broken(AuditBreak { number: 4, cause })
    );
    let all = AuditFilter::default();
    let log = world.audit_log();
    let listed = run(log.list(&Caller::command_line(), all.clone(), None, 10));
    assert_eq!(
        listed.unwrap_err().to_string(),
        "entry 4 of the audit log cannot be read: its column audit.kind holds what is never written there; \
         `manent audit verify` looks at the whole log"
    );
    let before = run(log.list(&Caller::command_line(), all, Some(4), 10)).unwrap();
    assert_eq!(before.len(), 3);
}

#[test]
fn a_lost_end_is_told_after_what_is_found_before_it() {
    let world = World::with_account(account("ada@example.org"));
    for _ in 0..5 {
        world.signed_in("ada@example.org");
    }
    world.store.state().has_lost_head = true;
    let broken = |number, cause| AuditVerdict::Broken(AuditBreak { number, cause });
    assert_eq!(verify(&world), broken(5, AuditBreakCause::HeadLost));
    world.store.state().audit[2].account = None;
    assert_eq!(verify(&world), broken(3, AuditBreakCause::Changed));
}

#[test]
fn is_read_and_verified_by_administrators_alone() {
    let world = World::with_account(account("ada@example.org"));
    let ada = world.caller(&world.signed_in("ada@example.org"));
    let log = world.audit_log();
    let forbidden = AccountError::Forbidden;
    assert_eq!(run(log.verify(&ada)).unwrap_err(), forbidden);
    let all = AuditFilter::default();
    assert_eq!(
        run(log.list(&ada, all.clone(), None, 10)).unwrap_err(),
        forbidden
    );
    let admin = Caller::command_line();
    let entries = run(log.list(&admin, all, None, 10)).unwrap();
    assert_eq!(entries.len(), 1);
    let filter = AuditFilter {
        account: None,
        kind: Some(AuditKind::AccountDeleted),
    };
    assert_eq!(run(log.list(&admin, filter, None, 10)).unwrap(), []);
}
