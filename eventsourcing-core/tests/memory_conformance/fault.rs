//! The faults that a recorder can have.

/// A fault of a recorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No fault: the recorder fulfils the contract.
    None,
    /// Ids are drawn under the lock and rows are published later, without it, so that rows of others overtake them.
    PublishesWithoutTheLock,
    /// Ids come from a sequence, and the ids of a refused insert are lost.
    DrawsIdsFromASequence,
    /// Ids come from a sequence of which two connections each cache a part.
    DrawsIdsInBlocks,
    /// Each event is checked and written on its own.
    WritesRowByRow,
    /// Taken versions are checked without the lock, before the insert.
    ChecksWithoutTheLock,
    /// An event of a taken version replaces the recorded one.
    LastWriteWins,
    /// An event of a taken version is dropped, and the insert succeeds.
    DropsConflicts,
    /// A conflict reports the version tried as the version recorded.
    TellsTheVersionTried,
    /// A repeated append is taken for a new one.
    IgnoresTheAppendId,
    /// Two events of one version in an append are taken for a repeated one.
    RecognisesItsOwnEvents,
    /// The lock belongs to the recorder, so that other recorders on the same store do not see it.
    LocksOnlyItself,
    /// An insert that is dropped halfway keeps the lock.
    KeepsTheLockWhenDropped,
    /// The events of an insert are sorted before they are recorded.
    SortsInserts,
    /// Events are selected in the order of the bytes of their topics.
    SelectsByTopic,
    /// An event is accepted although the version before it is not recorded.
    AcceptsGaps,
    /// An event is accepted if the version before it comes later in the same insert.
    AcceptsAnyOrder,
    /// The first notifications are selected instead of the last ones.
    SelectsTheFirstAsTheLast,
    /// The last notifications are returned last one first.
    ReturnsTheLastBackwards,
    /// The last notifications are selected before their topics are compared.
    ComparesTopicsOfTheLast,
    /// The last notification is never among the last ones.
    LeavesOutTheLast,
    /// A search looks at more positions than it may.
    SearchesBeyondItsBound,
    /// A search compares only whole topics.
    IgnoresBeginningsOfTopics,
    /// A search that finds something says that it has looked no further.
    SaysItLookedAtWhatItFound,
    /// Aggregates after the range of ids are listed too.
    ListsIdsToTheEnd,
    /// An aggregate is listed with the topic of its last event.
    NamesTheLastTopic,
    /// No query returns more than a thousand rows.
    CutsAnswers,
    /// The exclusive lower bound is included.
    IncludesAfter,
    /// A limit of zero means no limit.
    TakesZeroForNoLimit,
    /// Topics match as patterns, as in `LIKE`, and without regard to case.
    MatchesTopics,
    /// Reads of the log ignore their anchor.
    IgnoresAnchors,
    /// A position counts as found if an event anywhere has its append id.
    FindsAnchorsAnywhere,
    /// A position without an event counts as one without an anchor.
    TakesAMissingAnchor,
    /// The anchor is checked only if the read returns events.
    ChecksAnchorsOfWhatItShows,
    /// A read returns the event at the anchored position too.
    ShowsTheAnchoredEvent,
    /// Each event of an insert has the position of the insert's first event.
    FindsPositionsByInsert,
    /// Versions are not checked.
    TakesAnyVersion,
    /// Version zero is refused.
    RefusesVersionZero,
    /// Checksums are stored with 31 bits.
    CutsChecksums,
    /// The last id is the last one of this recorder, without those of others on the same store.
    RemembersTheLastId,
    /// A dictionary with a taken id replaces the stored one.
    ReplacesDictionaries,
    /// A dictionary is reported as stored whether it is or not.
    SaysThatDictionariesAreKept,
    /// The id of a dictionary is checked without the lock, before the dictionary is stored.
    ChecksDictionariesWithoutTheLock,
    /// Dictionaries are selected in the order of their inserts, and the exclusive lower bound is included.
    SelectsDictionariesAsKept,
    /// The bytes of a dictionary are cut off at the first zero.
    CutsDictionaries,
    /// A dictionary takes a notification id.
    CountsDictionaries,
    /// Dictionaries belong to the recorder, so that others on the same store do not see them.
    KeepsDictionariesToItself,
    /// Events are recorded first and the tracking a little later, whatever was tracked meanwhile.
    TracksLater,
    /// The tracking is recorded first and the events a little later, if they can be.
    TracksFirst,
    /// The position of the upstream is checked without the lock, before it is moved.
    ChecksTrackingWithoutTheLock,
    /// A version conflict is reported before an already processed position.
    ChecksVersionsFirst,
    /// Any position after the recorded one is accepted, whatever position the processing began after.
    TakesAnyLaterPosition,
    /// Tracking is recorded without a check of the recorded position.
    ForgetsTheUpstream,
    /// A repeated tracked append is taken for one of another process.
    ForgetsWhoTracked,
    /// Positions and names of upstreams are not checked.
    TakesAnyTracking,
    /// Tracking takes a notification id.
    CountsTracking,
    /// Names of upstreams are compared without regard to case.
    FoldsUpstreams,
    /// A position is moved whatever the position to move from.
    MovesFromAnywhere,
    /// A position is moved if its id matches, whatever its anchor.
    MovesFromTheId,
    /// A position is moved only forward.
    MovesForthOnly,
    /// Upstreams are listed in reverse.
    ListsUpstreamsBackwards,
    /// Upstreams are listed if something of their logs is processed.
    ListsOnlyProcessedUpstreams,
    /// Positions are stored without their anchors.
    ForgetsAnchors,
    /// Positions belong to the recorder, so that others on the same store do not see them.
    KeepsTrackingToItself,
    /// Events and tracking are recorded first and dead letters are changed a little later, if they can be.
    ChangesLettersLater,
    /// The dead letters that an append relies on are checked without the lock, and the append succeeds although they have changed.
    ChecksLettersWithoutTheLock,
    /// Dead letters are checked before the events and the tracking.
    ChecksLettersFirst,
    /// A start at the beginning of the log is not stored.
    ForgetsTheStart,
    /// The start of processing is moved by each later start.
    BeginsAgain,
    /// A repeated append that parks dead letters is not recognized if it has no events.
    RepeatsParking,
    /// A repeated append that parks dead letters is recognized by them alone, whatever its position.
    ForgetsWhereItParked,
    /// The dead letters of a repeated append are changed again.
    RepeatsLetters,
    /// A missing dead letter counts as removed.
    ForgetsWhatIsTaken,
    /// Earlier dead letters of the same aggregate are not checked.
    ForgetsWhoWaits,
    /// A second dead letter of an event replaces the first.
    ReplacesLetters,
    /// The state of a dead letter is cut off at the first zero.
    CutsLetters,
    /// Dead letters are selected in the order in which they were parked.
    SelectsLettersAsParked,
    /// Dead letters of upstreams whose names differ in case only are the same.
    FoldsUpstreamsOfLetters,
    /// Dead letters belong to the recorder, so that others on the same store do not see them.
    KeepsLettersToItself,
    /// The state of a snapshot ends at its first zero byte.
    CutsSnapshots,
    /// A replay starts from a snapshot whatever its fingerprint is.
    IgnoresFingerprints,
    /// A replay starts from the last snapshot, also if it is beyond the wanted version.
    StartsBeyondTheEnd,
    /// A replay does not contain the event of the snapshot's version.
    LeavesOutTheAnchor,
    /// No snapshot is deleted when others are stored.
    NeverPrunes,
    /// Snapshots after the last event stay.
    KeepsSnapshotsAhead,
    /// Snapshots of other code are deleted when one is stored.
    PrunesThoseOfOthers,
    /// The first snapshot of its place stays.
    KeepsTheFirstSnapshot,
    /// Deleting snapshots deletes those of all aggregates.
    DeletesAllSnapshots,
    /// A replay goes on after the visitor wants no more.
    ReplaysToTheEnd,
    /// Snapshots are not found by other recorders of the store.
    KeepsSnapshotsToItself,
    /// Storing a snapshot uses a notification id.
    CountsSnapshots,
    /// A command that is recorded is recorded again.
    ForgetsCommands,
    /// A command that is recorded is found only if nothing else is wrong with the append.
    ChecksCommandsLast,
    /// A repeated append is refused because of its own command.
    RefusesItsOwnCommand,
    /// The command of a repeated append is not recorded if it was not before.
    RecordsCommandsWithNewEvents,
    /// A command is recorded although its append is refused.
    RecordsCommandsFirst,
    /// The events of a command are those after the first of them.
    CountsEventsOfCommands,
    /// The content of a command ends at its first zero byte.
    CutsContent,
    /// A command without events is not recorded.
    IgnoresEmptyCommands,
    /// Commands are deleted whatever the limit is.
    DeletesAllOutdatedCommands,
    /// Commands are not found by other recorders of the store.
    KeepsCommandsToItself,
    /// Recording a command uses a notification id.
    CountsCommands,
}
