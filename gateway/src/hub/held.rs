//! What waits while a device that is back is told what it missed.
//!
//! Nothing new comes before that. Notices wait on until the device has synced, for which the SDKs ask next: the answer may
//! have them.

use std::collections::HashSet;

use protocol::id::Seq;
use tokio::time::Instant;

use super::frame::Frame;
use super::returning::{MissedPush, ON_THE_WAY, Subject};
use crate::bus::Topic;

/// Pushes that wait, in their order, and answers.
#[derive(Default)]
pub(super) struct Held {
    pushes: Vec<HeldPush>,
    /// Answers to what the client said before it was told what it missed, with the places of that.
    answers: Vec<((Topic, Seq), Frame)>,
    bytes: usize,
    /// Whether it was told what it missed, so that only notices wait.
    is_told: bool,
}

struct HeldPush {
    /// Of a notice.
    number: Option<Seq>,
    subject: Option<Subject>,
    frame: Frame,
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

    pub(super) fn answer(&mut self, place: (Topic, Seq), frame: Frame) {
        self.bytes += frame.len();
        self.answers.push((place, frame));
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// What is written of what the device missed and of what waits: in order, the answers among it. `recalls` has those that
    /// it is told, now or at the end.
    pub(super) fn resume(&mut self, missed: Vec<MissedPush>, recalls: Option<&ToldRecalls>) -> Vec<Frame> {
        let told: HashSet<Subject> = missed.iter().filter_map(|missed| missed.subject.clone()).collect();
        // What was said while it was read what was missed is in both.
        let is_told =
            |subject: &Subject| told.contains(subject) || recalls.is_some_and(|recalls| recalls.has(subject));
        self.pushes.retain(|push| !push.subject.as_ref().is_some_and(is_told));
        let mut frames = among(missed, std::mem::take(&mut self.answers));
        let news = self.pushes.extract_if(.., |push| push.number.is_none());
        frames.extend(news.map(|push| push.frame));
        self.bytes = self.pushes.iter().map(|push| push.frame.len()).sum();
        self.is_told = true;
        frames
    }

    /// Leaves out the notices up to a number.
    pub(super) fn leave_out_notices(&mut self, told: Seq) {
        let is_told = |push: &mut HeldPush| push.number.is_some_and(|number| number <= told);
        for push in self.pushes.extract_if(.., is_told) {
            self.bytes -= push.frame.len();
        }
    }

    /// All that waits, in order.
    pub(super) fn into_frames(self) -> impl Iterator<Item = Frame> {
        among(Vec::new(), self.answers).into_iter().chain(self.pushes.into_iter().map(|push| push.frame))
    }
}

/// What was missed, with the answers to what the client said in between.
fn among(missed: Vec<MissedPush>, mut answers: Vec<((Topic, Seq), Frame)>) -> Vec<Frame> {
    // Calls do not end in the order in which they were begun.
    answers.sort_by(|(place, _), (other, _)| place.cmp(other));
    let mut frames = Vec::with_capacity(missed.len() + answers.len());
    for MissedPush { subject, frame } in missed {
        if let Some(Subject::Entry(topic, seq)) = subject {
            let is_before = |((other, own), _): &mut ((Topic, Seq), Frame)| *other == topic && *own < seq;
            frames.extend(answers.extract_if(.., is_before).map(|(_, answer)| answer));
        }
        frames.push(frame);
    }
    frames.extend(answers.into_iter().map(|(_, answer)| answer));
    frames
}

/// The recalls that a device was told when it came back: what tells of one of them once more is late.
pub(super) struct ToldRecalls {
    at: Instant,
    of: HashSet<Subject>,
}

impl ToldRecalls {
    /// Nothing where there are none.
    pub(super) fn among<'a>(missed: impl Iterator<Item = &'a MissedPush>) -> Option<Self> {
        let subjects = missed.filter_map(|missed| missed.subject.clone());
        let of: HashSet<_> = subjects.filter(|subject| matches!(subject, Subject::Recall(..))).collect();
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
