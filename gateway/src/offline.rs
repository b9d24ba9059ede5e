//! What an operator does to a data directory while no gateway runs on it.

use std::io::{self, Write};
use std::path::Path;

use crate::files;
use crate::storage::StorageError;
use crate::storage::embedded::{self, Report};
use crate::telemetry;

/// Damages to standard output, one a line, progress to standard error.
#[derive(Default)]
struct Lines {
    damages: u64,
}

impl Report for Lines {
    fn damage(&mut self, what: String) {
        self.damages += 1;
        // Whoever closes it early has seen enough; the exit code says the rest.
        let _ = writeln!(io::stdout(), "{what}");
    }

    fn progress(&mut self, what: String) {
        telemetry::say(&format!("gateway: {what}"));
    }
}

/// Reads the whole store. True when nothing of it is damaged.
pub fn verify(data_dir: &Path) -> Result<bool, StorageError> {
    let mut lines = Lines::default();
    embedded::verify(&data_dir.join("store"), &mut lines)?;
    lines.progress(match lines.damages {
        0 => "nothing is damaged".to_owned(),
        damages => format!(
            "{damages} damages; `gateway salvage --data-dir {} --to NEW` brings out what is whole",
            data_dir.display()
        ),
    });
    Ok(lines.damages == 0)
}

/// Brings what is whole, and the key, into a new data directory.
pub fn salvage(data_dir: &Path, to: &Path) -> Result<(), StorageError> {
    let mut lines = Lines::default();
    let failed = |error: io::Error| StorageError::Failed {
        operation: "salvage the key",
        reason: format!("{}: {error}", data_dir.display()),
    };
    let salvaged = embedded::salvage(&data_dir.join("store"), &to.join("store"), &mut lines)?;
    match std::fs::read(data_dir.join("secret_key")) {
        Ok(key) => files::write_whole(&to.join("secret_key"), &key).map_err(failed)?,
        // It is somewhere else.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    lines.progress(format!(
        "{} rows were brought into {}; {} damages. Start with --data-dir {}",
        salvaged.rows,
        to.display(),
        lines.damages,
        to.display()
    ));
    Ok(())
}
