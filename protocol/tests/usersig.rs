//! UserSig against the 210 test vectors, and what must hold for any other.
//!
//! The vectors were made with the official libraries and by changing their tokens; `produced_by` says how.

#![allow(clippy::unwrap_used, reason = "helpers of tests unwrap too")]

use std::io::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use proptest::prelude::*;
use protocol::id::AppId;
use protocol::usersig::{self, Error, Fault, IssueError, SecretKey};
use serde::Deserialize;

const APP: AppId = AppId(1_400_000_000);
const NOW: u64 = 1_700_000_000;

#[derive(Deserialize)]
struct Vector {
    name: String,
    sdkappid: AppId,
    identifier: String,
    key: String,
    /// What the signer was given; negative or without meaning in some that must not verify.
    time: i64,
    expire: i64,
    userbuf: Option<String>,
    usersig: String,
    valid_at: u64,
    expect: String,
    also_accept: Vec<String>,
}

impl Vector {
    fn all() -> Vec<Vector> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/usersig/vectors.json");
        let vectors: Vec<Vector> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!(vectors.len(), 210);
        vectors
    }

    fn key(&self) -> SecretKey {
        key(&self.key)
    }

    fn userbuf(&self) -> Option<Vec<u8>> {
        self.userbuf.as_ref().map(|text| BASE64.decode(text).unwrap())
    }
}

fn key(text: &str) -> SecretKey {
    SecretKey::parse(text).unwrap()
}

fn issue(key: &SecretKey, user: &str) -> String {
    usersig::issue(key, APP, user, NOW, 86_400, None).unwrap()
}

fn verdict<T>(result: &Result<T, Error>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(Error::Expired) => "expired",
        Err(Error::NotYet) => "not_yet",
        Err(Error::Empty | Error::Illegal(_)) => "malformed",
        Err(Error::Signature) => "bad_signature",
        Err(Error::OtherUser) => "identifier_mismatch",
        Err(Error::OtherApp) => "sdkappid_mismatch",
    }
}

#[test]
fn every_vector_gets_its_verdict() {
    for vector in Vector::all() {
        let result = usersig::verify(
            &[vector.key()],
            vector.sdkappid,
            &vector.identifier,
            vector.valid_at,
            None,
            &vector.usersig,
        );
        let verdict = verdict(&result);
        assert!(
            verdict == vector.expect || vector.also_accept.iter().any(|other| other == verdict),
            "{}: {result:?} where {} is expected",
            vector.name,
            vector.expect
        );
        if let Ok(claims) = result {
            assert_eq!((claims.app, &claims.user), (vector.sdkappid, &vector.identifier), "{}", vector.name);
            assert_eq!((claims.issued_at, claims.lifetime), (vector.time, vector.expire), "{}", vector.name);
        }
    }
}

#[test]
fn what_we_issue_says_and_signs_the_same_as_the_official_libraries() {
    let sound = Vector::all().into_iter().filter(|vector| vector.expect == "ok");
    let mut count = 0;
    for vector in sound {
        let theirs = usersig::inspect(&vector.usersig).unwrap();
        let text = usersig::issue(
            &vector.key(),
            vector.sdkappid,
            &vector.identifier,
            vector.time.try_into().unwrap(),
            vector.expire.try_into().unwrap(),
            vector.userbuf().as_deref(),
        );
        assert_eq!(usersig::inspect(&text.unwrap()).unwrap(), theirs, "{}", vector.name);
        count += 1;
    }
    assert_eq!(count, 76);
}

#[test]
fn valid_until_the_last_second() {
    let key = key("k");
    let text = usersig::issue(&key, APP, "alice", NOW, 60, None).unwrap();
    let at = |now| usersig::verify(std::slice::from_ref(&key), APP, "alice", now, None, &text);
    assert_eq!(at(NOW + 60).unwrap().expires_at(), Some(NOW + 60));
    assert_eq!(at(NOW + 61), Err(Error::Expired));
    assert_eq!(at(u64::MAX), Err(Error::Expired));
    assert!(at(0).is_ok(), "without a skew the issuer's clock may be ahead of ours");
}

#[test]
fn from_the_future_only_as_far_as_clocks_differ() {
    let key = key("k");
    let text = usersig::issue(&key, APP, "alice", NOW, 60, None).unwrap();
    let at = |now| usersig::verify(std::slice::from_ref(&key), APP, "alice", now, Some(300), &text);
    assert!(at(NOW).is_ok() && at(NOW - 300).is_ok());
    assert_eq!(at(NOW - 301), Err(Error::NotYet));
    assert_eq!(at(0), Err(Error::NotYet));
    assert_eq!(Error::NotYet.code(), 70003);
    let skewless = usersig::verify(std::slice::from_ref(&key), APP, "alice", NOW - 1, Some(0), &text);
    assert_eq!(skewless, Err(Error::NotYet));
}

#[test]
fn a_kick_is_survived_only_by_what_was_issued_later() {
    let claims = usersig::inspect(&issue(&key("k"), "alice")).unwrap().claims;
    assert!(claims.issued_after(NOW - 1));
    assert!(!claims.issued_after(NOW));
}

#[test]
fn during_a_rotation_both_keys_are_good_and_a_third_is_not() {
    let [new, old, foreign] = ["new", "old", "foreign"].map(key);
    let keys = [new.clone(), old.clone()];
    for signer in [&new, &old] {
        assert!(usersig::verify(&keys, APP, "alice", NOW, None, &issue(signer, "alice")).is_ok());
    }
    let forged = issue(&foreign, "alice");
    assert_eq!(usersig::verify(&keys, APP, "alice", NOW, None, &forged), Err(Error::Signature));
    assert_eq!(usersig::verify(&[], APP, "alice", NOW, None, &forged), Err(Error::Signature));
}

#[test]
fn the_first_fault_in_order_is_told() {
    let (ours, foreign) = (key("ours"), key("foreign"));
    let text = usersig::issue(&foreign, APP, "alice", NOW, 0, None).unwrap();
    let check = |app, user, text: &str| {
        usersig::verify(std::slice::from_ref(&ours), app, user, NOW + 1, None, text).unwrap_err()
    };
    assert_eq!(check(AppId(1), "bob", ""), Error::Empty);
    assert_eq!(check(AppId(1), "bob", "eJw"), Error::Illegal(Fault::Base64));
    assert_eq!(check(AppId(1), "bob", &text), Error::OtherApp);
    assert_eq!(check(APP, "bob", &text), Error::OtherUser);
    assert_eq!(check(APP, "alice", &text), Error::Signature);
    let text = usersig::issue(&ours, APP, "alice", NOW, 0, None).unwrap();
    assert_eq!(check(APP, "alice", &text), Error::Expired);
}

#[test]
fn errors_have_the_documented_codes() {
    let codes = [
        (Error::Expired, 70001),
        (Error::Empty, 70002),
        (Error::Illegal(Fault::Zlib), 70003),
        (Error::Signature, 70009),
        (Error::OtherUser, 70013),
        (Error::OtherApp, 70014),
    ];
    for (error, code) in codes {
        assert_eq!(error.code(), code);
    }
}

#[test]
fn nothing_is_issued_that_would_not_be_accepted() {
    let key = key("k");
    let issue = |user: &str, now, lifetime, userbuf: Option<&[u8]>| {
        usersig::issue(&key, APP, user, now, lifetime, userbuf)
    };
    for user in ["a\nTLS.sdkappid:1", "\0", "a\u{7f}"] {
        assert_eq!(issue(user, NOW, 1, None), Err(IssueError::ControlCharacter));
    }
    assert_eq!(issue("a", NOW, u64::MAX, None), Err(IssueError::Lifetime));
    assert_eq!(issue("a", NOW, i64::MAX as u64, None), Err(IssueError::Lifetime));
    assert_eq!(issue("a", u64::MAX, 1, None), Err(IssueError::Lifetime));
    assert_eq!(issue(&"a".repeat(9000), NOW, 1, None), Err(IssueError::TooLarge));
    assert_eq!(issue("a", NOW, 1, Some(&[0; 9000])), Err(IssueError::TooLarge));
}

/// Bits that deflate pads its last byte with are no part of what it says, so another text may say the same.
#[test]
fn a_changed_character_is_refused_or_changes_nothing() {
    let key = key("k");
    let text = issue(&key, "alice");
    let verify = |text: &str| usersig::verify(std::slice::from_ref(&key), APP, "alice", NOW, None, text);
    let claims = verify(&text).unwrap();
    let mut refused = 0;
    for at in 0..text.len() {
        for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-_=+/ \n\0".chars() {
            let mut changed = text.clone();
            changed.replace_range(at..=at, other.encode_utf8(&mut [0; 4]));
            match verify(&changed) {
                Ok(same) => assert_eq!(same, claims),
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > text.len() * 67, "{refused} of {} changes were refused", text.len() * 69);
}

#[test]
fn a_cut_text_is_illegal() {
    let text = issue(&key("k"), "alice");
    for end in 1..text.len() {
        assert!(matches!(usersig::inspect(&text[..end]), Err(Error::Illegal(_))), "cut at {end}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_issued_verifies(
        secret in "[ -~]{1,200}",
        app: u32,
        user in "[^\u{0}-\u{1f}\u{7f}]{0,64}",
        now in 0..1_u64 << 40,
        lifetime in 0..1_u64 << 40,
        userbuf in prop::option::of(prop::collection::vec(any::<u8>(), 0..1024)),
    ) {
        let key = key(&secret);
        let text = usersig::issue(&key, AppId(app), &user, now, lifetime, userbuf.as_deref()).unwrap();
        let claims = usersig::verify(&[key], AppId(app), &user, now + lifetime, None, &text).unwrap();
        prop_assert_eq!(&claims.user, &user);
        prop_assert_eq!(claims.expires_at(), Some(now + lifetime));
        prop_assert_eq!(usersig::inspect(&text).unwrap().userbuf, userbuf);
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,300}|[A-Za-z0-9*_-]{0,300}") {
        prop_assert!(usersig::inspect(&text).is_err());
    }

    /// Past the outer layers, where random texts never come.
    #[test]
    fn no_json_makes_it_panic(json in r#"[\[{]?([\[\]{}:, ]|"TLS\.(time|sig)"|"[a-z\\]*"|-?[0-9.e]+|true|null){0,40}[\]}]?"#) {
        let text = pack(json.as_bytes());
        prop_assert!(matches!(usersig::inspect(&text), Err(Error::Illegal(Fault::Json | Fault::Field(_)))));
    }
}

fn pack(json: &[u8]) -> String {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(json).unwrap();
    let base64 = BASE64.encode(encoder.finish().unwrap());
    base64.replace('+', "*").replace('/', "-").replace('=', "_")
}
