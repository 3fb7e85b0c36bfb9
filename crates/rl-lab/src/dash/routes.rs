//! Answers to a browser.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};

use super::folder::{Folder, FolderError};
use super::{live, page};

/// Sources that the dashboard's own page may use: itself, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Query of a browser about a run.
#[derive(Deserialize)]
struct Asked {
    /// Name of the run.
    run: String,
    /// Update of a policy that was kept; without it, several are shown.
    update: Option<u64>,
    /// Seed of the episode.
    #[serde(default)]
    seed: u64,
}

/// The routes of a folder that is served on a port.
pub fn router(folder: Arc<Folder>, port: u16) -> Router {
    let guard = move |request: Request, next: Next| guard(port, request, next);
    Router::new()
        .route("/", get(index))
        .route("/api/curves", get(curves))
        .route("/api/replay", get(replay))
        .route("/report", get(report))
        .route(
            "/events",
            get(|State(folder)| async { live::events(folder) }),
        )
        .with_state(folder)
        .layer(middleware::from_fn(guard))
}

/// Refuses what is not asked of this machine by name: a page from elsewhere whose name leads here reads nothing.
async fn guard(port: u16, request: Request, next: Next) -> Response {
    if !is_local(request.headers(), port) {
        let words = "this dashboard answers to localhost and 127.0.0.1 alone";
        return (StatusCode::FORBIDDEN, words).into_response();
    }
    let mut response = next.run(request).await;
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

fn is_local(headers: &HeaderMap, port: u16) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let names = ["127.0.0.1", "localhost"];
    names
        .iter()
        .any(|name| host == Some(&format!("{name}:{port}")) || (port == 80 && host == Some(name)))
}

async fn index(State(folder): State<Arc<Folder>>) -> Response {
    match page::html(&folder.title()) {
        Ok(page) => Html(page).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn curves(folder: State<Arc<Folder>>, Query(asked): Query<Asked>) -> Response {
    answer(folder, move |folder| json(&folder.curves(&asked.run)?)).await
}

async fn replay(folder: State<Arc<Folder>>, Query(asked): Query<Asked>) -> Response {
    let made = move |folder: &Folder| json(&folder.replay(&asked.run, asked.update, asked.seed)?);
    answer(folder, made).await
}

async fn report(folder: State<Arc<Folder>>, Query(asked): Query<Asked>) -> Response {
    let made = move |folder: &Folder| {
        let report = folder.report(&asked.run)?;
        Ok(Html(report.html().to_owned()).into_response())
    };
    answer(folder, made).await
}

/// An answer that reads files, apart from those that others wait for.
async fn answer(
    State(folder): State<Arc<Folder>>,
    made: impl FnOnce(&Folder) -> Result<Response, FolderError> + Send + 'static,
) -> Response {
    match tokio::task::spawn_blocking(move || made(&folder)).await {
        Ok(Ok(response)) => response,
        Ok(Err(error @ (FolderError::NoRun(_) | FolderError::NoPolicy(_)))) => {
            (StatusCode::NOT_FOUND, error.to_string()).into_response()
        }
        Ok(Err(error)) => (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn json(data: &impl Serialize) -> Result<Response, FolderError> {
    let headers = [(header::CONTENT_TYPE, "application/json")];
    Ok(match serde_json::to_string(data) {
        Ok(text) => (headers, text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_by_the_name_of_another_machine_is_refused() {
        let is_local = |host: &'static str| {
            let headers = [(header::HOST, HeaderValue::from_static(host))];
            is_local(&headers.into_iter().collect(), 6060)
        };
        assert!(is_local("localhost:6060") && is_local("127.0.0.1:6060"));
        for host in [
            "evil.example:6060",
            "localhost",
            "127.0.0.1:80",
            "localhost.evil.example:6060",
            "",
        ] {
            assert!(!is_local(host), "{host}");
        }
    }
}
