//! Documents.

use super::{Records, integers};
use crate::error::Error;
use crate::pipeline::{Pipeline, column};

impl Records {
    pub(super) async fn add_documents<'rows>(
        &'rows self,
        pipeline: &mut Pipeline<'rows>,
    ) -> Result<(), Error> {
        let documents = &self.documents;
        if documents.is_empty() {
            return Ok(());
        }
        let sql = "INSERT INTO documents (owner_id, kind, id, body, revision, created_at, updated_at) \
             SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[]) \
             ON CONFLICT (owner_id, kind, id) DO UPDATE SET body = EXCLUDED.body, revision = EXCLUDED.revision, \
             created_at = EXCLUDED.created_at, updated_at = EXCLUDED.updated_at";
        let of = || documents.values();
        let values = vec![
            column(documents.keys().map(|(owner, ..)| owner.as_uuid())),
            column(of().map(|document| document.kind.as_str())),
            column(of().map(|document| document.id.as_str())),
            column(of().map(|document| document.body.to_stored())),
            column(integers(
                of().map(|document| document.revision),
                "a document's revision",
            )?),
            column(of().map(|document| document.created_at.as_millisecond())),
            column(of().map(|document| document.updated_at.as_millisecond())),
        ];
        pipeline.add(sql, values).await?;
        Ok(())
    }
}
