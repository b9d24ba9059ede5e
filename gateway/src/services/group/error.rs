//! Why something about a group is not done, where one word does not say it all.

/// What a group's rules or a role forbid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    #[error("the role is too low for it in this group")]
    RoleTooLow,
    #[error("it can be done only to members of a lower role")]
    NotOfLowerRole,
    #[error("nobody may apply to join this group")]
    NobodyMayApply,
    #[error("groups of this type have no admins")]
    NoAdmins,
    #[error("the owner's role changes when the group is handed over")]
    OwnersRole,
    #[error("groups of this type and their members cannot be muted")]
    NoMutes,
    #[error("the receive option is each member's own")]
    ReceiveIsOnesOwn,
    #[error("groups of this type cannot be handed over")]
    NotHandedOver,
    #[error("the role is too low to write this field")]
    FieldIsOthers,
    #[error("nobody is brought into a live room: one joins it")]
    NobodyIsBrought,
    #[error("the user is banned from the group")]
    Banned,
    #[error("log in first: one is in a live room as long as a session lasts")]
    NoSession,
    #[error("members of a live room have neither a card nor fields nor a receive option of their own")]
    NothingKept,
    #[error("in a live room nobody is mentioned, and what is said is for all")]
    ForAll,
    #[error("only live rooms have marks of members")]
    NoMarks,
    #[error("the group is no live room")]
    NotARoom,
    #[error("the key is none that lets one read along here")]
    NoPollingKey,
    #[error("the group has no topics")]
    NoTopics,
    #[error("in this group all is said in its topics")]
    SaidInTopics,
}

/// What is wrong with a value that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("the name is empty")]
    NameEmpty,
    #[error("the name of the topic is empty")]
    TopicNameEmpty,
    #[error("this is not changed in a topic")]
    NotOfTopic,
    #[error("{0:?} is longer than {1} bytes")]
    TooLong(Text, usize),
    #[error("the group has more members than it is to have places")]
    TooFewPlaces,
    #[error("nobody becomes the owner by a role: the group is handed over")]
    OwnerByRole,
    #[error("custom fields {0:?}: {1:?}")]
    Fields(Fields, FieldFault),
    #[error("no message has this number")]
    NoSuchMessage,
    #[error("no message that can be pinned has this number")]
    NothingToPin,
    #[error("groups of this type have no admins")]
    NoAdmins,
    #[error("groups of this type have no topics")]
    NoTopics,
    #[error("a receiver is not a member")]
    ReceiverNotMember,
    #[error("this names no application")]
    NoApplication,
    #[error("somebody else applied")]
    NotWhoApplied,
    #[error("from a live room one is put out by a ban")]
    OnlyByBan,
    #[error("a ban has a duration")]
    NoDuration,
    #[error("a live room has too many admins")]
    TooManyAdmins,
    #[error("marks of members begin with 1000")]
    MarkTooLow,
    #[error("the room has too many kinds of marks")]
    TooManyMarkKinds,
    #[error("too many users are marked in the room")]
    TooManyMarked,
}

/// A text of a group or of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    Name,
    TopicName,
    /// What an application keeps with a topic.
    TopicCustom,
    Introduction,
    Notification,
    Face,
    NameCard,
    /// Why somebody was put out or a message recalled.
    Reason,
    /// What is said to those who decide about an application, or by them.
    Application,
    /// The application's own beside it.
    ApplicationField,
    /// What is said of a ban.
    Description,
}

/// The fields that the application defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fields {
    OfGroup,
    OfMember,
}

/// What is wrong with the fields that the application defines, with the bound that was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldFault {
    TooMany(usize),
    /// A key is letters, digits and `_`, at most so many.
    Key(usize),
    /// A value has at most so many bytes.
    ValueTooLong(usize),
    /// The application has defined others.
    Unknown,
}
