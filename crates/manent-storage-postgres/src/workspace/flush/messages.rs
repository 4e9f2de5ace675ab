//! Parts that write messages and their words.

use super::super::message_row::{MessageRow, WordsChange};
use super::super::{MessageKey, Workspace};
use super::{PLACE, counts, millisecond};
use crate::error::{Error, to_integer};
use crate::pipeline::{Parts, column};
use crate::run_rows::name_column;

impl Workspace {
    pub(super) fn add_messages<'rows>(&'rows self, parts: &mut Parts<'rows>) -> Result<(), Error> {
        let new: Vec<(&MessageKey, &MessageRow)> = self
            .changed
            .new_messages
            .iter()
            .filter_map(|key| Some((key, self.changed.messages.get(key)?)))
            .collect();
        if !new.is_empty() {
            let sql = format!(
                "INSERT INTO messages (owner_id, id, conversation_id, parent_id, seq, role, content, status, model, provider, usage, fingerprint, \
                 device_id, device_seq, created_at, stored_at, run_id, run_position, edited_at, deleted_at, words, extras, place) \
                 SELECT new.owner_id, new.id, new.conversation_id, new.parent_id, new.seq, new.role, new.content, new.status, new.model, \
                 new.provider, new.usage, new.fingerprint, new.device_id, new.device_seq, new.created_at, new.at, new.run_id, new.run_position, \
                 new.edited_at, new.deleted_at, new.words::tsvector, new.extras, {PLACE} \
                 FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], \
                 $10::text[], $11::text[], $12::bytea[], $13::text[], $14::bigint[], $15::bigint[], $16::bigint[], $17::uuid[], $18::bigint[], \
                 $19::bigint[], $20::bigint[], $21::text[], $22::text[]) AS new (owner_id, id, conversation_id, parent_id, seq, role, content, status, model, \
                 provider, usage, fingerprint, device_id, device_seq, created_at, at, run_id, run_position, edited_at, deleted_at, words, extras)"
            );
            let of = || new.iter().map(|(_, row)| *row);
            let births = || of().map(|row| row.birth.as_ref());
            let lanes = || births().map(|birth| birth.and_then(|birth| birth.lane.as_ref()));
            let device_seqs = lanes()
                .map(|lane| {
                    lane.map(|(_, device_seq)| to_integer(*device_seq, "the lane's number"))
                        .transpose()
                })
                .collect::<Result<Vec<_>, _>>()?;
            let made = || of().map(|row| row.made_by.as_ref());
            let values = vec![
                column(new.iter().map(|(key, _)| key.0.as_uuid())),
                column(new.iter().map(|(key, _)| key.1.as_uuid())),
                column(of().map(|row| row.conversation.as_uuid())),
                column(of().map(|row| row.parent.map(|id| id.as_uuid()))),
                column(counts(of(), |row| row.seq, "a message's place")?),
                column(of().map(|row| row.role.as_str())),
                column(of().map(|row| row.content.as_deref())),
                column(of().map(|row| row.status.as_str())),
                column(made().map(|made| name_column(made?.model.as_deref()))),
                column(made().map(|made| name_column(made?.provider.as_deref()))),
                column(made().map(|made| made?.usage.as_deref())),
                column(of().map(|row| &row.fingerprint.0[..])),
                column(lanes().map(|lane| Some(lane?.0.as_str()))),
                column(device_seqs),
                column(births().map(|birth| Some(birth?.created_at.as_millisecond()))),
                column(births().map(|birth| Some(birth?.stored_at.as_millisecond()))),
                column(of().map(|row| row.run.map(|id| id.as_uuid()))),
                column(counts(of(), |row| row.run_position, "a run's position")?),
                column(of().map(|row| millisecond(row.edited_at))),
                column(of().map(|row| millisecond(row.deleted_at))),
                column(of().map(|row| match &row.words {
                    WordsChange::Set(words) => Some(&**words),
                    WordsChange::Stay | WordsChange::Clear => None,
                })),
                column(of().map(|row| row.extras.as_deref())),
            ];
            parts.add(&sql, values);
        }
        let changed: Vec<(&MessageKey, &MessageRow)> = self
            .changed
            .messages
            .iter()
            .filter(|(_, row)| row.birth.is_none())
            .collect();
        if !changed.is_empty() {
            let sql = "UPDATE messages SET status = new.status, fingerprint = new.fingerprint, run_position = new.run_position, \
                 edited_at = new.edited_at, deleted_at = new.deleted_at, content = COALESCE(new.content, messages.content), \
                 model = CASE WHEN new.is_made THEN new.model ELSE messages.model END, \
                 provider = CASE WHEN new.is_made THEN new.provider ELSE messages.provider END, \
                 usage = CASE WHEN new.is_made THEN new.usage ELSE messages.usage END, \
                 words = CASE WHEN new.is_indexed THEN new.words::tsvector ELSE messages.words END, \
                 extras = CASE WHEN new.is_annotated THEN new.extras ELSE messages.extras END \
                 FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[], $9::boolean[], \
                 $10::text[], $11::text[], $12::text[], $13::boolean[], $14::text[], $15::boolean[], $16::text[]) AS new (owner_id, id, status, fingerprint, run_position, \
                 edited_at, deleted_at, content, is_made, model, provider, usage, is_indexed, words, is_annotated, extras) \
                 WHERE messages.id = new.id AND uuid_send(messages.owner_id) = uuid_send(new.owner_id)";
            let of = || changed.iter().map(|(_, row)| *row);
            let made = || of().map(|row| row.made_by.as_ref());
            let values = vec![
                column(changed.iter().map(|(key, _)| key.0.as_uuid())),
                column(changed.iter().map(|(key, _)| key.1.as_uuid())),
                column(of().map(|row| row.status.as_str())),
                column(of().map(|row| &row.fingerprint.0[..])),
                column(counts(of(), |row| row.run_position, "a run's position")?),
                column(of().map(|row| millisecond(row.edited_at))),
                column(of().map(|row| millisecond(row.deleted_at))),
                column(of().map(|row| row.content.as_deref().filter(|_| row.is_rewritten))),
                column(made().map(|made| made.is_some())),
                column(made().map(|made| name_column(made?.model.as_deref()))),
                column(made().map(|made| name_column(made?.provider.as_deref()))),
                column(made().map(|made| made?.usage.as_deref())),
                column(of().map(|row| row.words != WordsChange::Stay)),
                column(of().map(|row| match &row.words {
                    WordsChange::Set(words) => Some(&**words),
                    WordsChange::Stay | WordsChange::Clear => None,
                })),
                column(of().map(|row| row.is_annotated)),
                column(of().map(|row| row.extras.as_deref().filter(|_| row.is_annotated))),
            ];
            parts.add(sql, values);
        }
        Ok(())
    }
}
