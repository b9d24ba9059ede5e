//! The demo page: what a browser gets at `/`, embedded in the binary.
//!
//! Plain files without a build step, a font or an address of another host: `index.html` and
//! `style.css`; `app.js` (what the user sees and does), `message.js` (one message as an element),
//! `chat.js` (groups and messages), `wire.js` (the session), `text.js` (the words in Chinese and
//! English). They refer to each other by relative names, so the page works under any path prefix
//! that ends with a slash, and finds the WebSocket at `binfo` beside itself.

/// One file of the page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asset {
    /// Path of the request, after any prefix a proxy has taken off.
    pub(crate) path: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) body: &'static str,
}

/// Sent with every file: nothing but the page's own files and its own WebSocket. There is no inline
/// script or style, and the images in use are the `data:` URL of the icon.
pub(crate) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
     style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

const ASSETS: &[Asset] = &[
    asset("/", HTML, include_str!("index.html")),
    asset("/style.css", CSS, include_str!("style.css")),
    asset("/app.js", SCRIPT, include_str!("app.js")),
    asset("/message.js", SCRIPT, include_str!("message.js")),
    asset("/chat.js", SCRIPT, include_str!("chat.js")),
    asset("/wire.js", SCRIPT, include_str!("wire.js")),
    asset("/text.js", SCRIPT, include_str!("text.js")),
];

/// The file at a path, for GET and HEAD.
pub(crate) fn get(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

const fn asset(path: &'static str, content_type: &'static str, body: &'static str) -> Asset {
    Asset { path, content_type, body }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names in quotes after `from`, `href=` or `src=` that are files beside the page.
    fn references(body: &str) -> Vec<&str> {
        body.split('"')
            .collect::<Vec<_>>()
            .windows(2)
            .filter(|pair| ["from ", "href=", "src="].iter().any(|before| pair[0].ends_with(before)))
            .map(|pair| pair[1])
            .filter(|name| !name.starts_with("data:"))
            .collect()
    }

    #[test]
    fn every_file_the_page_refers_to_is_served_and_none_lies_elsewhere() {
        let mut seen = vec!["/".to_owned()];
        for asset in ASSETS {
            for name in references(asset.body) {
                let path = format!("/{}", name.trim_start_matches("./"));
                assert!(get(&path).is_some(), "{} refers to {name}", asset.path);
                seen.push(path);
            }
        }
        for asset in ASSETS {
            assert!(seen.iter().any(|path| path == asset.path), "nothing refers to {}", asset.path);
        }
    }

    #[test]
    fn the_page_has_nothing_the_policy_would_refuse() {
        let page = get("/").expect("the page is in the table").body;
        assert!(!page.contains(" style=") && !page.contains("<style"));
        assert!(!page.contains(" onclick=") && !page.contains("<script>"));
    }
}
