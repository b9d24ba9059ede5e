//! The setting that names the servers.

use std::fmt;

use percent_encoding::percent_decode_str;

/// Where a Redis server listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    pub host: String,
    pub port: u16,
}

impl Address {
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            return write!(f, "[{}]:{}", self.host, self.port);
        }
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// The servers that a URL names, and how to speak to them.
///
/// | URL | servers |
/// |---|---|
/// | `redis://[[user]:password@]host[:6379][/db]` | one |
/// | `redis+sentinel://[[user]:password@]host[:26379],…/service[/db]` | the master that the sentinels name |
/// | `redis+cluster://[[user]:password@]host[:6379],…` | the masters of a cluster; any of its nodes may be named |
///
/// With `rediss` in place of `redis` every connection is TLS, to the sentinels too. The query may have
/// `ca=/path.pem` (whom to trust instead of the system's authorities), and with sentinels `sentinel_user`
/// and `sentinel_password`. User and password are percent-encoded.
#[derive(Clone)]
pub struct Target {
    pub(super) kind: Kind,
    /// The server, the sentinels, or some nodes of the cluster. At least one.
    pub(super) hosts: Vec<Address>,
    pub(super) login: Login,
    pub(super) db: i64,
    pub(super) tls: Option<Tls>,
}

#[derive(Clone)]
pub(super) enum Kind {
    Standalone,
    Sentinel { service: String, login: Login },
    Cluster,
}

#[derive(Clone, Default)]
pub(super) struct Login {
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
}

#[derive(Clone)]
pub(super) struct Tls {
    /// Certificates in PEM; the system's when absent.
    pub(super) authorities: Option<Vec<u8>>,
}

impl Target {
    /// Reads the URL, and the file it names with `ca`.
    ///
    /// Errors say what is wrong and what to write instead, and repeat no password.
    pub fn parse(url: &str) -> Result<Self, String> {
        let (scheme, rest) =
            url.split_once("://").ok_or("it has no scheme: write redis://host:6379 or the like")?;
        let (tls, flavour) = match scheme {
            "redis" => (false, Flavour::Standalone),
            "rediss" => (true, Flavour::Standalone),
            "redis+sentinel" => (false, Flavour::Sentinel),
            "rediss+sentinel" => (true, Flavour::Sentinel),
            "redis+cluster" => (false, Flavour::Cluster),
            "rediss+cluster" => (true, Flavour::Cluster),
            _ => {
                return Err("its scheme is unknown: write redis, rediss, redis+sentinel, rediss+sentinel, \
                     redis+cluster or rediss+cluster"
                    .to_owned());
            }
        };
        if rest.contains('#') {
            return Err("it has a #: in a user or password write %23".to_owned());
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, hosts) = match authority.rsplit_once('@') {
            Some((login, hosts)) => (parse_login(login)?, hosts),
            // What stands before a raw slash or question mark of a password must not be taken for a host,
            // or it would be repeated in a log.
            None if path.contains('@') || query.contains('@') => {
                return Err(
                    "an @ stands behind a / or ?: in a user or password write %2F for / and %3F for ?, \
                            and behind the ? write %40 for @"
                        .to_owned(),
                );
            }
            None => (Login::default(), authority),
        };
        let hosts = parse_hosts(hosts, if flavour == Flavour::Sentinel { 26379 } else { 6379 })?;
        if flavour == Flavour::Standalone && hosts.len() > 1 {
            return Err("it names several hosts: write redis+cluster:// or redis+sentinel://".to_owned());
        }
        let query = parse_query(query, tls, flavour)?;
        let (kind, db) = match flavour {
            Flavour::Standalone => (Kind::Standalone, parse_db(path)?),
            Flavour::Cluster if matches!(path, "" | "0") => (Kind::Cluster, 0),
            Flavour::Cluster => {
                return Err("a cluster has only database 0: leave out what follows the hosts".to_owned());
            }
            Flavour::Sentinel => {
                let (service, db) = path.split_once('/').unwrap_or((path, ""));
                if service.is_empty() {
                    return Err("the name the sentinels know the master by is missing: \
                                write redis+sentinel://hosts/mymaster"
                        .to_owned());
                }
                let service = decode(service)?;
                (Kind::Sentinel { service, login: query.sentinel }, parse_db(db)?)
            }
        };
        let tls = if tls { Some(Tls { authorities: query.authorities }) } else { None };
        Ok(Self { kind, hosts, login, db, tls })
    }

    /// Whom the servers know us as.
    pub fn user(&self) -> &str {
        self.login.user.as_deref().unwrap_or("default")
    }

    /// Whether keys are spread over several masters.
    pub fn is_cluster(&self) -> bool {
        matches!(self.kind, Kind::Cluster)
    }
}

/// For a log line: scheme, hosts, service and database, no user and no password.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.tls.is_some() { "rediss" } else { "redis" })?;
        f.write_str(match self.kind {
            Kind::Standalone => "://",
            Kind::Sentinel { .. } => "+sentinel://",
            Kind::Cluster => "+cluster://",
        })?;
        for (i, host) in self.hosts.iter().enumerate() {
            write!(f, "{}{host}", if i > 0 { "," } else { "" })?;
        }
        if let Kind::Sentinel { service, .. } = &self.kind {
            write!(f, "/{service}")?;
        }
        if self.db != 0 {
            write!(f, "/{}", self.db)?;
        }
        Ok(())
    }
}

/// As it is displayed: passwords have no way into a log.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Flavour {
    Standalone,
    Sentinel,
    Cluster,
}

fn parse_login(login: &str) -> Result<Login, String> {
    let Some((user, password)) = login.split_once(':') else {
        return Err(
            "it has a user without a password: write user:password@host, or :password@host".to_owned()
        );
    };
    if password.is_empty() {
        return Err("the password is empty: write user:password@host, or leave both out".to_owned());
    }
    let user = if user.is_empty() { None } else { Some(decode(user)?) };
    Ok(Login { user, password: Some(decode(password)?) })
}

fn parse_hosts(hosts: &str, port: u16) -> Result<Vec<Address>, String> {
    hosts.split(',').map(|host| parse_host(host, port)).collect()
}

fn parse_host(text: &str, default_port: u16) -> Result<Address, String> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or_else(|| format!("{text:?} has no ] at its end"))?;
            (host, port.strip_prefix(':'))
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    if host.is_empty() {
        return Err("a host is empty: write redis://host:6379, several with a comma between them".to_owned());
    }
    let port = match port {
        None => default_port,
        Some(port) => match port.parse() {
            Ok(port) if port > 0 => port,
            _ => {
                return Err(format!(
                    "{text:?} does not end with a port from 1 to 65535; an IPv6 address stands in brackets"
                ));
            }
        },
    };
    Ok(Address::new(host, port))
}

fn parse_db(path: &str) -> Result<i64, String> {
    match path {
        "" => Ok(0),
        path => match path.parse::<u16>() {
            Ok(db) => Ok(db.into()),
            Err(_) => Err(format!("{path:?} is not the number of a database: write 0 or leave it out")),
        },
    }
}

#[derive(Default)]
struct Query {
    authorities: Option<Vec<u8>>,
    sentinel: Login,
}

fn parse_query(query: &str, tls: bool, flavour: Flavour) -> Result<Query, String> {
    let mut parsed = Query::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "ca" if !tls => {
                return Err("ca is for TLS: write rediss in place of redis".to_owned());
            }
            "ca" => parsed.authorities = Some(read_authorities(&value)?),
            "sentinel_user" if flavour == Flavour::Sentinel => {
                parsed.sentinel.user = Some(value.into_owned());
            }
            "sentinel_password" if flavour == Flavour::Sentinel => {
                parsed.sentinel.password = Some(value.into_owned());
            }
            _ => {
                return Err(format!(
                    "{name:?} is not known behind the ?: ca is, and with sentinels sentinel_user and \
                     sentinel_password"
                ));
            }
        }
    }
    if parsed.sentinel.user.is_some() && parsed.sentinel.password.is_none() {
        return Err("sentinel_user needs sentinel_password".to_owned());
    }
    Ok(parsed)
}

/// Reads and checks the file now, so that a wrong one is told at start and not at the first connection.
fn read_authorities(path: &str) -> Result<Vec<u8>, String> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    let pem = std::fs::read(path).map_err(|e| format!("read ca {path:?}: {e}"))?;
    let mut store = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|e| format!("read ca {path:?}: {e}"))?;
        store.add(certificate).map_err(|e| format!("read ca {path:?}: {e}"))?;
    }
    if store.is_empty() {
        return Err(format!("read ca {path:?}: there is no certificate in it; it has to be PEM"));
    }
    Ok(pem)
}

fn decode(text: &str) -> Result<String, String> {
    match percent_decode_str(text).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err("user, password and service have to be UTF-8, percent-encoded".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(target: &Target) -> Vec<String> {
        target.hosts.iter().map(Address::to_string).collect()
    }

    #[test]
    fn one_server() {
        let target = Target::parse("redis://cache").unwrap();
        assert_eq!(hosts(&target), ["cache:6379"]);
        assert_eq!(target.db, 0);
        assert!(target.tls.is_none() && target.login.password.is_none());

        let target = Target::parse("rediss://ann:p%40ss%2F@[::1]:7000/3").unwrap();
        assert_eq!(hosts(&target), ["[::1]:7000"]);
        assert_eq!(target.login.user.as_deref(), Some("ann"));
        assert_eq!(target.login.password.as_deref(), Some("p@ss/"));
        assert_eq!(target.db, 3);
        assert!(target.tls.is_some());

        let target = Target::parse("redis://:secret@cache").unwrap();
        assert_eq!(target.login.user, None);
        assert_eq!(target.login.password.as_deref(), Some("secret"));
    }

    #[test]
    fn sentinels() {
        let target = Target::parse(
            "redis+sentinel://ann:pw@a,b:5000/main/2?sentinel_user=watch&sentinel_password=sp%26",
        )
        .unwrap();
        assert_eq!(hosts(&target), ["a:26379", "b:5000"]);
        assert_eq!(target.db, 2);
        let Kind::Sentinel { service, login } = &target.kind else { panic!("not sentinels") };
        assert_eq!(service, "main");
        assert_eq!((login.user.as_deref(), login.password.as_deref()), (Some("watch"), Some("sp&")));
    }

    #[test]
    fn cluster() {
        let target = Target::parse("redis+cluster://a,b:5000,c").unwrap();
        assert_eq!(hosts(&target), ["a:6379", "b:5000", "c:6379"]);
        assert!(target.is_cluster());
        assert!(Target::parse("rediss+cluster://a/0").unwrap().tls.is_some());
    }

    #[test]
    fn what_is_wrong_is_told_without_the_password() {
        for (url, told) in [
            ("cache:6379", "no scheme"),
            ("http://cache", "scheme is unknown"),
            ("redis://", "host is empty"),
            ("redis://a,b", "several hosts"),
            ("redis://a,", "host is empty"),
            ("redis://a:0", "port from 1"),
            ("redis://a:70000", "port from 1"),
            ("redis://fe80::1", "brackets"),
            ("redis://[::1", "no ]"),
            ("redis://a/first", "number of a database"),
            ("redis://a/-1", "number of a database"),
            ("redis://hunter2@a", "without a password"),
            ("redis://ann:@a", "password is empty"),
            ("redis://ann:hunter2#1@a", "%23"),
            ("redis://ann:hunter2/1@a", "%2F"),
            ("redis://ann:hunter2?1@a", "%3F"),
            ("redis://ann:hunter2%ff@a", "UTF-8"),
            ("redis+sentinel://a", "mymaster"),
            ("redis+sentinel://a/m/x", "number of a database"),
            ("redis+sentinel://a/m?sentinel_user=x", "needs sentinel_password"),
            ("redis+cluster://a/1", "only database 0"),
            ("redis://a?sentinel_password=hunter2", "not known"),
            ("redis://a?ca=/x", "rediss"),
            ("rediss://a?insecure=1", "not known"),
            ("rediss://a?ca=/nowhere.pem", "/nowhere.pem"),
        ] {
            let error = Target::parse(url).expect_err(url);
            assert!(error.contains(told), "{url}: {error}");
            assert!(!error.contains("hunter2"), "{url}: {error}");
        }
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let url = format!("rediss://a?ca={}", file.path().display());
        assert!(Target::parse(&url).unwrap_err().contains("no certificate"));
    }

    #[test]
    fn a_password_is_never_shown() {
        let url = "rediss+sentinel://ann:hunter2@a,b:5000/main/2?sentinel_password=hunter3";
        let target = Target::parse(url).unwrap();
        assert_eq!(target.to_string(), "rediss+sentinel://a:26379,b:5000/main/2");
        let debug = format!("{target:?}");
        assert!(!debug.contains("hunter") && !debug.contains("ann"), "{debug}");
    }
}
