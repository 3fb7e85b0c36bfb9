//! News of a folder, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{Stream, unfold};

use super::folder::Folder;

/// Time between looks at the folder.
const EVERY: Duration = Duration::from_secs(1);

/// The rows of the folder whenever one has changed, as events `runs`.
pub fn events(folder: Arc<Folder>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let stream = unfold((folder, None), |(folder, known)| async move {
        loop {
            if known.is_some() {
                tokio::time::sleep(EVERY).await;
            }
            let looked = Arc::clone(&folder);
            let rows = tokio::task::spawn_blocking(move || looked.rows()).await;
            let text = rows.ok().and_then(|rows| serde_json::to_string(&rows).ok());
            if text.is_some() && text != known {
                let event = Event::default().event("runs").data(text.as_deref()?);
                return Some((Ok(event), (folder, text)));
            }
            // What cannot be told now may be the next time.
            if known.is_none() {
                tokio::time::sleep(EVERY).await;
            }
        }
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}
