//! Engines that break one promise each: the simulation must notice every one of them, or its silence says nothing.

/// What a sabotaged engine does. It stands between the engine and its shell; the engine itself is the real one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// Sends an item together with the transaction that is to make it durable.
    SendsBeforePersisted,
    /// Removes an item that was tried three times.
    GivesUpAfterRetries,
    /// Removes what the server refused instead of keeping it for the user.
    EmptiesTheTray,
    /// Gives the numbers of two items of a lane to each other.
    SwapsNumbers,
    /// Sends a child first when its parent waits in another lane.
    OvertakesTheParent,
    /// Sends a second request while one is under way.
    SendsTwoRequests,
    /// Writes a second transaction while one is under way.
    WritesTwoTransactions,
    /// Sends two items as the probe.
    ProbesWithTwo,
    /// Sends again at once when the server asks for patience.
    IgnoresPatience,
    /// Sends an item under a new id when it was sent before.
    RenamesOnRetry,
    /// Says that an item is safe when the store was only asked.
    SaysQueuedTooEarly,
    /// Says that an item is saved when it was only sent.
    SaysSavedTooEarly,
    /// Does not write anything again when the store was cleared.
    IgnoresTheLoss,
    /// Never asks to be woken.
    OversleepsForever,
}

impl Sabotage {
    /// Every one.
    pub const ALL: [Self; 14] = [
        Self::SendsBeforePersisted,
        Self::GivesUpAfterRetries,
        Self::EmptiesTheTray,
        Self::SwapsNumbers,
        Self::OvertakesTheParent,
        Self::SendsTwoRequests,
        Self::WritesTwoTransactions,
        Self::ProbesWithTwo,
        Self::IgnoresPatience,
        Self::RenamesOnRetry,
        Self::SaysQueuedTooEarly,
        Self::SaysSavedTooEarly,
        Self::IgnoresTheLoss,
        Self::OversleepsForever,
    ];
}
