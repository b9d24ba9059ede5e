//! The master that the sentinels name.

use std::sync::{Arc, Mutex, PoisonError};

use redis::aio::MultiplexedConnection;
use redis::{PushInfo, PushKind, RedisResult};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::slot_map::SlotMap;
use super::{ANSWER, SENTINEL_PERIOD, Shared, client, config, next_look};
use crate::redis::url::{Address, Kind};

/// What a sentinel said last.
#[derive(Clone, PartialEq)]
struct Answer {
    master: Address,
    /// Grows with each promotion.
    epoch: u64,
}

/// The last answers of all sentinels, and the one that was believed.
struct Council {
    answers: Vec<Option<Answer>>,
    believed: Option<Answer>,
}

impl Council {
    /// A sentinel that was cut off tells of a master that was: the newest answer counts. An older one than was
    /// believed before counts only when most sentinels give it, as after they were set up anew.
    fn decide(&mut self) -> Option<&Answer> {
        let newest = self.answers.iter().flatten().max_by_key(|answer| answer.epoch)?.clone();
        let votes = self.answers.iter().flatten().filter(|answer| answer.master == newest.master).count();
        let newer = self.believed.as_ref().is_none_or(|believed| newest.epoch >= believed.epoch);
        if newer || votes * 2 > self.answers.len() {
            self.believed = Some(newest);
        }
        self.believed.as_ref()
    }
}

/// Asks each sentinel on its own, so that one that hangs delays nothing.
pub(super) fn watch(shared: &Arc<Shared>, watchers: &mut JoinSet<()>) {
    let sentinels = shared.target.hosts.clone();
    let council = Council { answers: vec![None; sentinels.len()], believed: None };
    let council = Arc::new(Mutex::new(council));
    for (place, sentinel) in sentinels.into_iter().enumerate() {
        watchers.spawn(watch_one(shared.clone(), council.clone(), place, sentinel));
    }
}

async fn watch_one(shared: Arc<Shared>, council: Arc<Mutex<Council>>, place: usize, sentinel: Address) {
    let mut suspicions = shared.suspicions.subscribe();
    loop {
        let failure = follow(&shared, &council, place, &sentinel, &mut suspicions).await;
        tell(&shared, &council, place, None);
        shared.unreachable(&sentinel, &format!("as a sentinel: {failure}"));
        next_look(&mut suspicions, SENTINEL_PERIOD).await;
    }
}

/// Asks over one connection until it fails.
async fn follow(
    shared: &Shared,
    council: &Mutex<Council>,
    place: usize,
    sentinel: &Address,
    suspicions: &mut watch::Receiver<u64>,
) -> String {
    // A word that something happened is enough, and one that waits says as much as ten.
    let (news, mut heard) = mpsc::channel(1);
    let listener = move |push: PushInfo| -> Result<(), ()> {
        if matches!(push.kind, PushKind::Message | PushKind::Disconnection) {
            let _ = news.try_send(());
        }
        Ok(())
    };
    let Kind::Sentinel { service, login } = &shared.target.kind else {
        return "there is no sentinel".to_owned();
    };
    let client = client(&shared.target, sentinel, login, 0);
    let config = config().set_push_sender(listener);
    let mut connection = match client.get_multiplexed_async_connection_with_config(&config).await {
        Ok(connection) => connection,
        Err(e) => return e.to_string(),
    };
    if let Err(e) = connection.subscribe("+switch-master").await {
        return e.to_string();
    }
    loop {
        match call(&mut connection, service).await {
            Ok(Some(answer)) => tell(shared, council, place, Some(answer)),
            Ok(None) => return format!("it knows no master {service:?}"),
            Err(e) => return e.to_string(),
        }
        tokio::select! {
            () = next_look(suspicions, SENTINEL_PERIOD) => {}
            _ = heard.recv() => {}
        }
    }
}

/// The first of the two questions names a promoted server before the second does, the second has the epoch.
async fn call(connection: &mut MultiplexedConnection, service: &str) -> RedisResult<Option<Answer>> {
    let mut pipe = redis::pipe();
    pipe.cmd("SENTINEL").arg("GET-MASTER-ADDR-BY-NAME").arg(service);
    pipe.cmd("SENTINEL").arg("MASTERS");
    type Masters = Vec<std::collections::HashMap<String, String>>;
    let question = pipe.query_async::<(Option<(String, u16)>, Masters)>(connection);
    let (address, masters) = match tokio::time::timeout(ANSWER, question).await {
        Ok(answer) => answer?,
        Err(_) => return Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
    };
    let Some((host, port)) = address else { return Ok(None) };
    let epoch = masters
        .iter()
        .find(|master| master.get("name").is_some_and(|name| name == service))
        .and_then(|master| master.get("config-epoch")?.parse().ok())
        .unwrap_or(0);
    Ok(Some(Answer { master: Address { host, port }, epoch }))
}

fn tell(shared: &Shared, council: &Mutex<Council>, place: usize, answer: Option<Answer>) {
    let mut council = council.lock().unwrap_or_else(PoisonError::into_inner);
    council.answers[place] = answer;
    let Some(Answer { master, .. }) = council.decide() else { return };
    if shared.replace(SlotMap::single(master.clone())) {
        tracing::info!(%master, "the sentinels name {master} as master");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(port: u16, epoch: u64) -> Option<Answer> {
        Some(Answer { master: Address::new("a", port), epoch })
    }

    fn decided(council: &mut Council) -> Option<u16> {
        council.decide().map(|answer| answer.master.port)
    }

    #[test]
    fn the_newest_answer_counts() {
        let mut council = Council { answers: vec![None, None, None], believed: None };
        assert_eq!(decided(&mut council), None);
        council.answers = vec![answer(1, 4), None, None];
        assert_eq!(decided(&mut council), Some(1));
        council.answers = vec![answer(1, 4), answer(2, 5), answer(1, 4)];
        assert_eq!(decided(&mut council), Some(2));
    }

    #[test]
    fn who_was_cut_off_is_not_believed() {
        let mut council = Council { answers: vec![answer(2, 5), answer(2, 5), answer(1, 4)], believed: None };
        assert_eq!(decided(&mut council), Some(2));
        council.answers = vec![None, None, answer(1, 4)];
        assert_eq!(decided(&mut council), Some(2));
    }

    #[test]
    fn most_sentinels_may_begin_anew() {
        let mut council = Council { answers: vec![answer(2, 5), answer(2, 5), None], believed: None };
        assert_eq!(decided(&mut council), Some(2));
        council.answers = vec![answer(3, 0), answer(3, 0), None];
        assert_eq!(decided(&mut council), Some(3));
    }
}
