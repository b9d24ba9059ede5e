//! Pages that are derived, committed and compared.

use std::path::Path;

/// Compares a page with the committed file, given by its path in the repository. `BLESS=1` writes it instead.
#[track_caller]
pub(crate) fn compare(path: &str, page: &str) {
    let file = root().join(path);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&file, page).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    if committed == page {
        return;
    }
    let differs = page.lines().zip(committed.lines()).find(|(new, old)| new != old);
    let (new, old) = differs.unwrap_or(("(another length)", ""));
    panic!(
        "{path} is not what it should be; look at the difference, then BLESS=1\n  new: {new}\n  old: {old}"
    );
}

/// The same for the part of a page between `<!-- NAME: … -->` and `<!-- /NAME -->`, each on a line of its own.
#[track_caller]
pub(crate) fn compare_part(path: &str, name: &str, part: &str) {
    let committed = std::fs::read_to_string(root().join(path)).unwrap();
    let place = || {
        let (before, rest) = committed.split_once(&format!("<!-- {name}: "))?;
        let (says, rest) = rest.split_once('\n')?;
        let (_, after) = rest.split_once(&format!("<!-- /{name} -->"))?;
        let indent = before.rsplit('\n').next()?;
        Some(format!("{before}<!-- {name}: {says}\n{part}{indent}<!-- /{name} -->{after}"))
    };
    let page = place().unwrap_or_else(|| panic!("{path} has no part `{name}`"));
    compare(path, &page);
}

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
