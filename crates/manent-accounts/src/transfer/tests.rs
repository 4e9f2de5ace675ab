use manent_types::Timestamp;
use uuid::Uuid;

use super::*;
use crate::audit::{AuditDraft, AuditHead, AuditKind};
use crate::role::{Permission, PermissionGroup, Permissions, RoleName};

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap()
}

fn role() -> AccountRecord {
    let mut overrides = Permissions::default();
    overrides
        .set(PermissionGroup::Bookmarks, Permission::Use, false)
        .unwrap();
    AccountRecord::Role(StoredRole {
        name: RoleName::user(),
        overrides,
        updated_at: at(5),
    })
}

fn entry(number: u64) -> AccountRecord {
    let head = AuditHead {
        number: number - 1,
        ..AuditHead::EMPTY
    };
    let draft = AuditDraft::new(AuditKind::SignedIn)
        .by(Some(UserId::new(Uuid::from_u128(1))), "::1".parse().ok())
        .with("reason", "a \"b\"\n\u{0}");
    AccountRecord::Audit(head.next(draft, at(7)))
}

#[test]
fn a_row_reads_as_it_was_written() {
    for row in [role(), entry(1), entry(12)] {
        assert_eq!(AccountRecord::read(&row.record()), Ok(Some(row)));
    }
}

#[test]
fn entries_of_the_audit_log_go_by_their_numbers() {
    assert!(entry(9).key() < entry(10).key());
}

#[test]
fn what_was_changed_on_the_way_is_refused_and_not_quoted() {
    let TransferRecord::AccountRow { kind, key, row } = role().record() else {
        unreachable!("a row of accounts");
    };
    let changed = |key: &str, row: &str| TransferRecord::AccountRow {
        kind,
        key: key.to_owned(),
        row: row.to_owned(),
    };
    let other_key = AccountRecord::read(&changed("ADMIN", &row)).unwrap_err();
    assert_eq!(
        other_key.to_string(),
        "a record of the kind roles cannot be read: its key is another one's"
    );
    let damaged = AccountRecord::read(&changed(&key, "{\"name\":\"hidden")).unwrap_err();
    assert!(!damaged.to_string().contains("hidden"), "{damaged}");
}

#[test]
fn records_of_other_things_are_no_rows_of_accounts() {
    let record = TransferRecord::User {
        id: UserId::new(Uuid::from_u128(1)),
        created_at: at(1),
        feed_seq: 0,
    };
    assert_eq!(AccountRecord::read(&record), Ok(None));
}
