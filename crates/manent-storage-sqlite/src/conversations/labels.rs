//! Labels over many conversations.

use std::collections::BTreeMap;

use manent_types::{ConversationId, Label, Timestamp, UserId};
use rusqlite::{Connection, params};

use super::{find_row, tell};
use crate::error::{Error, to_count};
use crate::rows::{labels_column, parsed};
use crate::writer::Unit;

/// How many conversations of the lists have each label with this prefix.
pub(crate) fn counts(
    connection: &Connection,
    owner: UserId,
    prefix: &str,
) -> Result<BTreeMap<Label, u64>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT label.value, COUNT(*) FROM conversations, json_each(conversations.labels) AS label \
         WHERE conversations.owner_pk = (SELECT pk FROM users WHERE id = ?1) AND conversations.labels IS NOT NULL \
         AND conversations.trashed_at IS NULL AND conversations.expires_at IS NULL \
         AND substr(label.value, 1, length(?2)) = ?2 GROUP BY label.value",
    )?;
    let mut found = statement.query([owner.to_string().as_str(), prefix])?;
    let mut counts = BTreeMap::new();
    while let Some(row) = found.next()? {
        let label = parsed(row, 0, "conversations.labels")?;
        counts.insert(label, to_count(row.get(1)?, "conversations.labels")?);
    }
    Ok(counts)
}

/// Takes a label away wherever it is, and adds another one there if there is one; answers how many had it.
pub(crate) fn relabel(
    unit: &mut Unit<'_>,
    owner: UserId,
    label: &Label,
    other: Option<&Label>,
    now: Timestamp,
) -> Result<u64, Error> {
    let Some(owner) = unit.known_owner(owner)? else {
        return Ok(0);
    };
    let mut changed = 0;
    for id in labelled(unit.connection, owner.pk, label)? {
        let Some((pk, mut conversation)) = find_row(unit.connection, owner.pk, id)? else {
            continue;
        };
        conversation.labels.remove(label);
        conversation.labels.extend(other.cloned());
        conversation.updated_at = conversation.updated_at.max(now);
        unit.connection
            .prepare_cached("UPDATE conversations SET labels = ?2, updated_at = ?3 WHERE pk = ?1")?
            .execute(params![
                pk,
                labels_column(&conversation.labels)?,
                conversation.updated_at.as_millisecond(),
            ])?;
        tell(unit, owner, pk, &conversation, now);
        changed += 1;
    }
    Ok(changed)
}

fn labelled(
    connection: &Connection,
    owner_pk: i64,
    label: &Label,
) -> Result<Vec<ConversationId>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT id FROM conversations WHERE owner_pk = ?1 AND labels IS NOT NULL \
         AND EXISTS (SELECT 1 FROM json_each(labels) AS label WHERE label.value = ?2) ORDER BY pk",
    )?;
    let mut found = statement.query(params![owner_pk, label.as_str()])?;
    let mut ids = Vec::new();
    while let Some(row) = found.next()? {
        ids.push(parsed(row, 0, "conversations.id")?);
    }
    Ok(ids)
}
