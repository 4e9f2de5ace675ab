//! Scripts, and how proptest makes them.

use std::ops::Range;

use proptest::prelude::*;

/// What happens, step by step.
#[derive(Debug, Clone)]
pub struct Script {
    /// In order.
    pub steps: Vec<Step>,
}

impl Script {
    /// Conversations that exist; one more is written to that does not.
    pub const CONVERSATIONS: usize = 2;
}

/// One thing that happens.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// A device puts a message at the end of its outbox.
    Compose {
        /// Which device.
        device: usize,
        /// Where to.
        conversation: usize,
        /// What it follows.
        parent: Parent,
        /// What it says.
        body: Body,
    },
    /// A device sends what it does not know to be settled.
    Send {
        /// Which device.
        device: usize,
        /// Of which lane.
        conversation: usize,
        /// Leaves out so many first, which makes a gap.
        skip: usize,
        /// How many at most.
        count: usize,
        /// The store answers, but the device never learns it.
        is_answer_lost: bool,
    },
    /// A device sends again what is settled, and perhaps more.
    Resend {
        /// Which device.
        device: usize,
        /// Of which lane.
        conversation: usize,
        /// From which item on.
        from: usize,
        /// How many at most.
        count: usize,
    },
    /// A device sends something else under a number that is settled.
    Lie {
        /// Which device.
        device: usize,
        /// Of which lane.
        conversation: usize,
        /// Which item.
        at: usize,
        /// Under another id, or other words under the same one.
        is_other_id: bool,
    },
    /// Somebody appends without a lane.
    Plain {
        /// Where to.
        conversation: usize,
        /// What it follows.
        parent: Parent,
        /// What it says.
        body: Body,
    },
    /// A device puts a change of what is stored at the end of its outbox.
    ComposeAlteration {
        /// Which device.
        device: usize,
        /// Where to.
        conversation: usize,
        /// What it does.
        alteration: Alteration,
    },
    /// Somebody changes what is stored without a lane.
    PlainAlteration {
        /// Where.
        conversation: usize,
        /// What it does.
        alteration: Alteration,
    },
    /// A process begins a generation whose answer the server keeps.
    Begin {
        /// Which process.
        node: u128,
        /// Where its answer goes.
        conversation: usize,
        /// What it follows.
        parent: Parent,
    },
    /// A generation goes on.
    GoOn {
        /// Which, counted around.
        generation: usize,
        /// How.
        progress: Progress,
    },
    /// A process looks for the dead among those of others.
    FindDead {
        /// Which process.
        node: u128,
        /// How long one may be silent, in seconds.
        patience: i64,
    },
    /// Somebody asks a generation to stop.
    Stop {
        /// Which, counted around.
        generation: usize,
    },
    /// The logs of those that ended are cleared.
    ClearLogs,
    /// A device reads the feed to its end.
    Follow {
        /// Which device.
        device: usize,
        /// How many changes at a time.
        limit: usize,
    },
    /// Everything that was acknowledged is looked for.
    Look,
    /// Somebody changes a conversation.
    Change {
        /// Which.
        conversation: usize,
        /// How.
        change: Change,
    },
}

/// A change of what is stored.
#[derive(Debug, Clone, Copy)]
pub enum Alteration {
    /// Other words, by their number.
    Edit(Target, usize),
    /// A deletion.
    Delete(Target),
    /// Its undoing.
    Undelete(Target),
    /// Into the trash.
    Trash,
    /// Out of it.
    Restore,
}

/// What an alteration is about.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// What some device composed, counted around: stored, refused, elsewhere, no message, or not yet sent.
    Composed(usize),
    /// The answer of a generation, counted around.
    Answer(usize),
}

/// How a generation goes on.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// So many events more.
    pub events: usize,
    /// The answer so far goes along; at the end it always does.
    pub has_answer: bool,
    /// It ends.
    pub finish: Option<Finish>,
    /// What goes wrong.
    pub fault: Fault,
}

/// How a generation ends.
#[derive(Debug, Clone, Copy)]
pub enum Finish {
    /// It is whole.
    Complete,
    /// Somebody stopped it.
    Stopped,
    /// Its process stopped.
    Interrupted,
}

/// What goes wrong when a process stores progress.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// Nothing.
    None,
    /// The process never learns the answer.
    Lost,
    /// It sends again what it knows to be stored.
    Repeat,
    /// It leaves out an event.
    Skip,
}

/// A change to a conversation.
#[derive(Debug, Clone, Copy)]
pub enum Change {
    /// Into the trash.
    Trash,
    /// Out of it.
    Restore,
    /// Put away, or taken back.
    Archive(bool),
    /// Pinned, or not.
    Pin(bool),
    /// The person gives it the title with this number.
    Rename(usize),
    /// A model makes the title with this number.
    Generate(usize),
}

/// What a message follows.
#[derive(Debug, Clone, Copy)]
pub enum Parent {
    /// The newest.
    Newest,
    /// Nothing.
    Root,
    /// One that some device composed: stored, refused, elsewhere or not yet sent.
    Composed(usize),
    /// One that nobody ever composes.
    Unknown,
}

/// What a message says.
#[derive(Debug, Clone, Copy)]
pub enum Body {
    /// Something of its own.
    Own,
    /// The message with this number, which several devices send in the same words.
    Shared(usize),
    /// Other words under the id of a shared message.
    Clashing(usize),
    /// It did not pass validation.
    Refused,
    /// What the device kept of the answer of a generation, counted around.
    Answer(usize),
}

/// Scripts of two to five devices.
pub fn scripts() -> impl Strategy<Value = Script> {
    (2..=5_usize)
        .prop_flat_map(|devices| prop::collection::vec(step(0..devices), 1..80))
        .prop_map(|steps| Script { steps })
}

/// Mostly one that exists.
fn conversation() -> impl Strategy<Value = usize> {
    prop_oneof![9 => 0..Script::CONVERSATIONS, 1 => Just(Script::CONVERSATIONS)]
}

fn step(devices: Range<usize>) -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (devices.clone(), conversation(), parent(), body()).prop_map(
            |(device, conversation, parent, body)| Step::Compose { device, conversation, parent, body }
        ),
        8 => (devices.clone(), conversation(), skip(), 1..6_usize, any::<bool>()).prop_map(
            |(device, conversation, skip, count, is_answer_lost)| {
                Step::Send { device, conversation, skip, count, is_answer_lost }
            }
        ),
        2 => (devices.clone(), conversation(), 0..8_usize, 1..6_usize).prop_map(
            |(device, conversation, from, count)| Step::Resend { device, conversation, from, count }
        ),
        2 => (devices.clone(), conversation(), 0..8_usize, any::<bool>()).prop_map(
            |(device, conversation, at, is_other_id)| Step::Lie { device, conversation, at, is_other_id }
        ),
        2 => (conversation(), parent(), body()).prop_map(
            |(conversation, parent, body)| Step::Plain { conversation, parent, body }
        ),
        2 => (0..Script::CONVERSATIONS, change()).prop_map(
            |(conversation, change)| Step::Change { conversation, change }
        ),
        24 => around_runs(devices),
    ]
}

fn around_runs(devices: Range<usize>) -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (devices.clone(), conversation(), alteration()).prop_map(
            |(device, conversation, alteration)| Step::ComposeAlteration { device, conversation, alteration }
        ),
        2 => (conversation(), alteration()).prop_map(
            |(conversation, alteration)| Step::PlainAlteration { conversation, alteration }
        ),
        3 => (1..=2_u128, conversation(), parent()).prop_map(
            |(node, conversation, parent)| Step::Begin { node, conversation, parent }
        ),
        8 => (0..8_usize, progress()).prop_map(
            |(generation, progress)| Step::GoOn { generation, progress }
        ),
        2 => (1..=3_u128, 0..12_i64).prop_map(|(node, patience)| Step::FindDead { node, patience }),
        1 => (0..8_usize).prop_map(|generation| Step::Stop { generation }),
        1 => Just(Step::ClearLogs),
        2 => (devices, 1..6_usize).prop_map(|(device, limit)| Step::Follow { device, limit }),
        1 => Just(Step::Look),
    ]
}

fn alteration() -> impl Strategy<Value = Alteration> {
    prop_oneof![
        4 => (target(), 0..3_usize).prop_map(|(target, words)| Alteration::Edit(target, words)),
        3 => target().prop_map(Alteration::Delete),
        2 => target().prop_map(Alteration::Undelete),
        1 => Just(Alteration::Trash),
        1 => Just(Alteration::Restore),
    ]
}

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![
        3 => (0..80_usize).prop_map(Target::Composed),
        2 => (0..8_usize).prop_map(Target::Answer),
    ]
}

fn progress() -> impl Strategy<Value = Progress> {
    let finish = prop_oneof![
        9 => Just(None),
        2 => Just(Some(Finish::Complete)),
        1 => Just(Some(Finish::Stopped)),
        1 => Just(Some(Finish::Interrupted)),
    ];
    let fault = prop_oneof![
        5 => Just(Fault::None),
        1 => Just(Fault::Lost),
        1 => Just(Fault::Repeat),
        1 => Just(Fault::Skip),
    ];
    (0..4_usize, any::<bool>(), finish, fault).prop_map(|(events, has_answer, finish, fault)| {
        Progress {
            events,
            has_answer,
            finish,
            fault,
        }
    })
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        Just(Change::Trash),
        Just(Change::Restore),
        any::<bool>().prop_map(Change::Archive),
        any::<bool>().prop_map(Change::Pin),
        (0..3_usize).prop_map(Change::Rename),
        (0..3_usize).prop_map(Change::Generate),
    ]
}

fn skip() -> impl Strategy<Value = usize> {
    prop_oneof![4 => Just(0), 1 => 1..3_usize]
}

fn parent() -> impl Strategy<Value = Parent> {
    prop_oneof![
        5 => Just(Parent::Newest),
        1 => Just(Parent::Root),
        4 => (0..40_usize).prop_map(Parent::Composed),
        1 => Just(Parent::Unknown),
    ]
}

fn body() -> impl Strategy<Value = Body> {
    prop_oneof![
        8 => Just(Body::Own),
        2 => (0..3_usize).prop_map(Body::Shared),
        1 => (0..3_usize).prop_map(Body::Clashing),
        1 => Just(Body::Refused),
        1 => (0..8_usize).prop_map(Body::Answer),
    ]
}
