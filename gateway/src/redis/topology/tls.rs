//! TLS for connections that the Redis library does not make.

use std::io;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::redis::url::Tls;

/// Whom to trust, read when it is first needed.
#[derive(Default)]
pub(super) struct Settings {
    config: OnceLock<Arc<ClientConfig>>,
}

impl Settings {
    pub(super) async fn greet(
        &self,
        tls: &Tls,
        host: &str,
        stream: TcpStream,
    ) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| io::Error::other(format!("no certificate can be for {host:?}")))?;
        let config = match self.config.get() {
            Some(config) => config.clone(),
            None => {
                let config = Arc::new(config(tls)?);
                self.config.get_or_init(|| config).clone()
            }
        };
        TlsConnector::from(config).connect(name, stream).await
    }
}

fn config(tls: &Tls) -> io::Result<ClientConfig> {
    let mut trusted = RootCertStore::empty();
    match &tls.authorities {
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(io::Error::other)?;
                trusted.add(certificate).map_err(io::Error::other)?;
            }
        }
        None => {
            // The system may have certificates that nobody can read; the others are good all the same.
            trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    Ok(ClientConfig::builder().with_root_certificates(trusted).with_no_client_auth())
}
