//! Texts as people and their tools leave them: with blanks, quotes, or the mark that editors put before a text.
//!
//! `docker run --env-file` and some shells keep the quotes of `NAME="value"`, editors on Windows begin a file with a byte
//! order mark, and lists are written with blanks behind their commas. None of it is ever meant.

use std::path::Path;

/// The mark that some editors put before a text in UTF-8.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The text without what is around it: blanks, line ends, a byte order mark, one pair of quotes.
pub(super) fn bare(text: &str) -> &str {
    let text = text.trim_start_matches(BYTE_ORDER_MARK).trim();
    let within = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\'')).map_or(text, str::trim)
}

/// The parts of a list with commas between them.
pub(super) fn list(text: &str) -> Vec<String> {
    bare(text).split(',').map(|part| bare(part).to_owned()).collect()
}

/// What is wrong with a text that should be plain, if anything is.
pub(super) fn read(path: &Path, mend: &str) -> Result<String, String> {
    let name = path.display();
    let bytes = std::fs::read(path).map_err(|error| format!("{name}: cannot be read: {error}; {mend}"))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let is_utf16 = matches!(error.as_bytes(), [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
        let what = if is_utf16 { "it is in UTF-16" } else { "it is not text in UTF-8" };
        format!("{name}: {what}; save it as UTF-8")
    })?;
    Ok(text.trim_start_matches(BYTE_ORDER_MARK).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_around_a_text_is_not_part_of_it() {
        for text in ["key", " key\r\n", "\u{feff}key\n", "\"key\"", " 'key' ", "\u{feff}\"key\"\n"] {
            assert_eq!(bare(text), "key", "{text:?}");
        }
        for text in ["\"", "'", "\"key", "key'", "\"key'", "a \"b\" c"] {
            assert_eq!(bare(text), text);
        }
        assert_eq!(bare("\"\""), "");
    }

    #[test]
    fn a_list_is_read_with_blanks_and_quotes() {
        assert_eq!(list("administrator, ops"), ["administrator", "ops"]);
        assert_eq!(list("\"administrator, ops\""), ["administrator", "ops"]);
        assert_eq!(list("'a' ,\"b\""), ["a", "b"]);
        assert_eq!(list("a,"), ["a", ""]);
    }
}
