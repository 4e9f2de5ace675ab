//! Sending a batch: the conversations that its items need first, then the items.

use manent_engine::append_api::{
    HttpAnswer, append_request, create_requests, read_append_answer, read_create_answer,
};
use manent_engine::{Answer, Batch, Failure};

use crate::creations::Creations;
use crate::error::ApiError;
use crate::http::{Api, WholeAnswer};
use crate::payload::Payload;

/// Sends a batch and reads what is answered. A conversation that cannot be created is the answer to the batch.
pub(super) async fn send(api: &Api, creations: &Creations, batch: &Batch<Payload>) -> Answer {
    match try_to_send(api, creations, batch).await {
        Ok(answer) => answer,
        Err(failure) => Answer::Failed(failure),
    }
}

async fn try_to_send(
    api: &Api,
    creations: &Creations,
    batch: &Batch<Payload>,
) -> Result<Answer, Failure> {
    for create in create_requests(batch) {
        if creations.contains(create.conversation) {
            continue;
        }
        let trace = create.trace.as_ref();
        let answer = api
            .post("/conversation/create", &create.body, trace)
            .await
            .map_err(|error| failure(&error))?;
        read_create_answer(as_read(&answer))?;
        creations.insert(create.conversation);
    }
    let trace = batch.items.first().and_then(|item| item.trace.as_ref());
    let answer = api
        .post("/message/append", &append_request(batch), trace)
        .await
        .map_err(|error| failure(&error))?;
    Ok(read_append_answer(as_read(&answer)))
}

fn as_read(answer: &WholeAnswer) -> HttpAnswer<'_> {
    HttpAnswer {
        status: answer.status,
        retry_after_ms: answer.retry_after_ms,
        body: &answer.body,
    }
}

fn failure(error: &ApiError) -> Failure {
    match error {
        ApiError::SignInNeeded => Failure::Auth,
        ApiError::Unreachable { .. } | ApiError::Refused { .. } | ApiError::Nonsense { .. } => {
            Failure::Infrastructure
        }
    }
}
