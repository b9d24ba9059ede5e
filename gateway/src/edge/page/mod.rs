//! The demo page: what a browser gets at `/`, embedded in the binary.
//!
//! Plain files without a build step, a font or an address of another host. `index.html` and
//! `style.css`; `app.js` (who is signed in, what the keys and buttons do), `list.js`,
//! `conversation.js`, `message.js` and `dialog.js` (what is seen), `chat.js` and `group.js` (what is
//! known), `wire.js` (the session), `text.js` (the words in Chinese and English), `element.js`.
//! They refer to each other by relative names, so the page works under any path prefix that ends
//! with a slash, and finds the WebSocket at `binfo` beside itself.

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
    asset("/page/style.css", CSS, include_str!("style.css")),
    asset("/page/app.js", SCRIPT, include_str!("app.js")),
    asset("/page/list.js", SCRIPT, include_str!("list.js")),
    asset("/page/conversation.js", SCRIPT, include_str!("conversation.js")),
    asset("/page/message.js", SCRIPT, include_str!("message.js")),
    asset("/page/dialog.js", SCRIPT, include_str!("dialog.js")),
    asset("/page/chat.js", SCRIPT, include_str!("chat.js")),
    asset("/page/group.js", SCRIPT, include_str!("group.js")),
    asset("/page/wire.js", SCRIPT, include_str!("wire.js")),
    asset("/page/text.js", SCRIPT, include_str!("text.js")),
    asset("/page/element.js", SCRIPT, include_str!("element.js")),
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
                // Scripts refer to their neighbours, the page itself to what lies in `page/`.
                let path = match name.strip_prefix("./") {
                    Some(neighbour) => format!("/page/{neighbour}"),
                    None => format!("/{name}"),
                };
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
