//! What waits while a device that is back is told what it missed.
//!
//! Nothing new comes before that. Notices wait on until the device has synced, for which the SDKs ask next: the answer may
//! have them.

use std::collections::HashSet;

use protocol::id::Seq;
use protocol::message::ClientNumbers;
use tokio::time::Instant;

use super::frame::Frame;
use super::returning::{MissedPush, ON_THE_WAY, Subject};
use crate::bus::Topic;

/// Pushes that wait, in their order, and answers.
#[derive(Default)]
pub(super) struct Held {
    pushes: Vec<HeldPush>,
    /// Answers to what the client said before it was told what it missed.
    answers: Vec<HeldAnswer>,
    bytes: usize,
    /// Whether it was told what it missed, so that only notices wait.
    is_told: bool,
    /// Whether its topics are followed, so that what it says comes to it as well.
    follows: bool,
}

/// What a device that is back is told.
pub(super) struct Resumed {
    pub(super) frames: Vec<Frame>,
    /// What the client said of which the answers are among them.
    pub(super) answered: Vec<ClientNumbers>,
    /// Answers behind all that, before which something may stand that is on its way.
    pub(super) behind: Vec<HeldAnswer>,
}

struct HeldPush {
    /// Of a notice.
    number: Option<Seq>,
    subject: Option<Subject>,
    frame: Frame,
}

pub(super) struct HeldAnswer {
    /// Where it stands that it is the answer to.
    pub(super) place: (Topic, Seq),
    pub(super) numbers: ClientNumbers,
    /// Whether that was said just now, and has yet to come to the client.
    pub(super) is_told: bool,
    pub(super) frame: Frame,
}

impl Held {
    /// Whether a push waits; a notice has a number.
    pub(super) fn holds(&self, number: Option<Seq>) -> bool {
        !self.is_told || number.is_some()
    }

    /// Whether none but notices are held.
    pub(super) fn is_told(&self) -> bool {
        self.is_told
    }

    /// From now on everything waits.
    pub(super) fn hold_all(&mut self) {
        self.is_told = false;
    }

    /// Gives the bytes of all that waits.
    pub(super) fn push(&mut self, number: Option<Seq>, subject: Option<Subject>, frame: Frame) -> usize {
        self.bytes += frame.len();
        self.pushes.push(HeldPush { number, subject, frame });
        self.bytes
    }

    /// From now on what is said is on its way to the device, or among what it missed.
    pub(super) fn has_followed(&mut self) {
        self.follows = true;
    }

    /// Something that the client said has come. False when its answer is not here.
    pub(super) fn has_come(&mut self, numbers: ClientNumbers) -> bool {
        let answer = self.answers.iter_mut().find(|answer| answer.numbers == numbers);
        answer.map(|answer| answer.is_told = false).is_some()
    }

    pub(super) fn answer(&mut self, mut answer: HeldAnswer) {
        self.bytes += answer.frame.len();
        // What was said before is among what it missed, and so is all before that.
        answer.is_told &= self.follows;
        self.answers.push(answer);
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// What is written of what the device missed and of what waits: in order, the answers among it. `once` has what it is
    /// told now or at the end, and not again.
    pub(super) fn resume(&mut self, missed: Vec<MissedPush>, once: Option<&Told>) -> Resumed {
        let told: HashSet<Subject> = missed.iter().filter_map(|missed| missed.subject.clone()).collect();
        // What was said while it was read what was missed is in both.
        let is_told =
            |subject: &Subject| told.contains(subject) || once.is_some_and(|once| once.has(subject));
        self.pushes.retain(|push| !push.subject.as_ref().is_some_and(is_told));
        let missed = missed.into_iter().map(|MissedPush { subject, frame, .. }| (subject, frame));
        let news = self.pushes.extract_if(.., |push| push.number.is_none());
        let news = news.map(|push| (push.subject, push.frame));
        let resumed = among(missed.chain(news), std::mem::take(&mut self.answers));
        self.bytes = self.pushes.iter().map(|push| push.frame.len()).sum();
        self.is_told = true;
        resumed
    }

    /// Leaves out the notices up to a number.
    pub(super) fn leave_out_notices(&mut self, told: Seq) {
        let is_told = |push: &mut HeldPush| push.number.is_some_and(|number| number <= told);
        for push in self.pushes.extract_if(.., is_told) {
            self.bytes -= push.frame.len();
        }
    }

    /// All that waits, in order.
    pub(super) fn into_resumed(self) -> Resumed {
        among(self.pushes.into_iter().map(|push| (push.subject, push.frame)), self.answers)
    }
}

/// Pushes, with the answers to what the client said in between.
fn among(pushes: impl Iterator<Item = (Option<Subject>, Frame)>, mut answers: Vec<HeldAnswer>) -> Resumed {
    // Calls do not end in the order in which they were begun.
    answers.sort_by(|answer, other| answer.place.cmp(&other.place));
    let (mut frames, mut answered) = (Vec::with_capacity(pushes.size_hint().0 + answers.len()), Vec::new());
    for (subject, frame) in pushes {
        if let Some(Subject::Entry(topic, seq)) = subject {
            let is_before = |answer: &mut HeldAnswer| answer.place.0 == topic && answer.place.1 < seq;
            for HeldAnswer { numbers, frame, .. } in answers.extract_if(.., is_before) {
                frames.push(frame);
                answered.push(numbers);
            }
        }
        frames.push(frame);
    }
    // What was said before something that comes to nobody here does not come here either.
    let mut settled = None;
    for answer in answers.iter_mut().rev() {
        answer.is_told &= settled.as_ref() != Some(&answer.place.0);
        if !answer.is_told {
            settled = Some(answer.place.0.clone());
        }
    }
    Resumed { frames, answered, behind: answers }
}

/// What a device was told when it came back and may be told once more, because it was on its way then: recalls, and what was
/// said just before.
pub(super) struct Told {
    at: Instant,
    of: HashSet<Subject>,
}

impl Told {
    /// Nothing where there are none.
    pub(super) fn among<'a>(missed: impl Iterator<Item = &'a MissedPush>) -> Option<Self> {
        let is_late = |missed: &MissedPush| match missed.subject {
            Some(Subject::Recall(..)) => true,
            Some(Subject::Entry(..)) => missed.is_fresh,
            None => false,
        };
        let late = missed.filter(|missed| is_late(missed));
        let of: HashSet<_> = late.filter_map(|missed| missed.subject.clone()).collect();
        (!of.is_empty()).then(|| Self { at: Instant::now(), of })
    }

    /// Whether nothing that was pushed when they were read can still be on its way.
    pub(super) fn is_over(&self) -> bool {
        self.at.elapsed() > ON_THE_WAY
    }

    pub(super) fn has(&self, subject: &Subject) -> bool {
        self.of.contains(subject)
    }
}
