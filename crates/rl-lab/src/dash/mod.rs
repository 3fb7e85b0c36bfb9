//! Dashboard: the runs of a folder, live, for a browser on the same machine.
//!
//! ```no_run
//! use std::sync::Arc;
//! use std::sync::atomic::AtomicBool;
//!
//! use rl_lab::dash::Dash;
//! use rl_train::Registry;
//!
//! let dash = Dash::bind("runs".as_ref(), 6060, Registry::default())?;
//! println!("{}", dash.url());
//! dash.serve(&Arc::new(AtomicBool::new(false)))?;
//! # Ok::<(), rl_lab::dash::DashError>(())
//! ```

mod folder;
mod live;
mod page;
mod routes;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rl_train::Registry;

use folder::Folder;

/// Time between looks at the flag that ends it.
const LOOK: Duration = Duration::from_millis(100);

/// Reason why there is no dashboard.
#[derive(Debug, thiserror::Error)]
pub enum DashError {
    /// A path that is no directory.
    #[error("{} is not a directory: one with runs in it, or one for runs to come, is allowed", .0.display())]
    NoDirectory(PathBuf),
    /// A port that another program listens on.
    #[error(
        "port {0} is in use by another program: choose another by --port, or any free one by --port 0"
    )]
    InUse(u16),
    /// Any other refusal of the system.
    #[error("cannot serve {at}: {source}")]
    Io {
        /// Address or directory.
        at: String,
        /// The system's reason.
        source: io::Error,
    },
}

impl DashError {
    /// Returns `true` if the call was wrong, rather than the system.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::NoDirectory(_))
    }
}

/// Server of the pages of a folder, which listens on the loopback address alone: no other machine reaches it.
#[derive(Debug)]
pub struct Dash {
    listener: TcpListener,
    address: SocketAddr,
    folder: Arc<Folder>,
}

impl Dash {
    /// Listens on a port for the runs in a directory; 0 is any free port.
    ///
    /// # Errors
    /// [`DashError`].
    pub fn bind(directory: &Path, port: u16, registry: Registry) -> Result<Self, DashError> {
        if !directory.is_dir() {
            return Err(DashError::NoDirectory(directory.to_owned()));
        }
        let folder = Folder::new(directory, registry).map_err(failed(directory.display()))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let listener = listener.map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => DashError::InUse(port),
            _ => failed(format!("port {port}"))(error),
        })?;
        let address = listener.local_addr().map_err(failed(port))?;
        listener.set_nonblocking(true).map_err(failed(address))?;
        Ok(Self {
            listener,
            address,
            folder: Arc::new(folder),
        })
    }

    /// The address to open in a browser.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Answers until the flag is set.
    ///
    /// # Errors
    /// [`DashError::Io`].
    pub fn serve(self, stop: &Arc<AtomicBool>) -> Result<(), DashError> {
        let at = self.address;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed(at))?;
        let served = runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(self.listener)?;
            let server = axum::serve(listener, routes::router(self.folder, at.port()));
            let stopped = async {
                while !stop.load(Ordering::Relaxed) {
                    tokio::time::sleep(LOOK).await;
                }
            };
            // Pages that are open keep their connections: it does not wait for them.
            tokio::select! {
                served = server => served,
                () = stopped => Ok(()),
            }
        });
        // Nor for an answer that is being computed.
        runtime.shutdown_background();
        served.map_err(failed(at))
    }
}

fn failed(at: impl ToString) -> impl FnOnce(io::Error) -> DashError {
    let at = at.to_string();
    move |source| DashError::Io { at, source }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::TcpStream;
    use std::thread;

    use super::*;
    use crate::runs::testing::run;

    /// A dashboard that answers until the test is over.
    struct Served {
        port: u16,
        stop: Arc<AtomicBool>,
        thread: Option<thread::JoinHandle<Result<(), DashError>>>,
    }

    impl Served {
        fn new(directory: &Path) -> Self {
            let dash = Dash::bind(directory, 0, Registry::default()).unwrap();
            let (port, stop) = (dash.address.port(), Arc::new(AtomicBool::new(false)));
            let flag = Arc::clone(&stop);
            let thread = Some(thread::spawn(move || dash.serve(&flag)));
            Self { port, stop, thread }
        }

        fn send(&self, target: &str, host: &str) -> TcpStream {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
            stream
                .set_read_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            let request =
                format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).unwrap();
            stream
        }

        /// Status and text of an answer.
        fn get(&self, target: &str) -> (u16, String) {
            self.get_by(target, &format!("127.0.0.1:{}", self.port))
        }

        fn get_by(&self, target: &str, host: &str) -> (u16, String) {
            let mut text = String::new();
            self.send(target, host).read_to_string(&mut text).unwrap();
            let status = text.split(' ').nth(1).unwrap().parse().unwrap();
            (status, text)
        }
    }

    impl Drop for Served {
        fn drop(&mut self) {
            self.stop.store(true, Ordering::Relaxed);
            self.thread.take().unwrap().join().unwrap().unwrap();
        }
    }

    #[test]
    fn the_page_the_curves_and_the_report_of_a_run_are_answers() {
        let place = tempfile::tempdir().unwrap();
        run(&[1.5, 2.5]).read(&place.path().join("a b"));
        let served = Served::new(place.path());
        let (status, page) = served.get("/");
        assert!(status == 200 && page.contains("</html>"), "{page}");
        assert!(
            page.contains("default-src 'none'"),
            "the policy of its sources"
        );
        let (status, curves) = served.get("/api/curves?run=a%20b");
        assert!(
            status == 200 && curves.contains("\"return_mean\":[1.5,2.5]"),
            "{curves}"
        );
        assert!(
            served
                .get("/report?run=a%20b")
                .1
                .contains("<title>a b</title>")
        );
        let (status, text) = served.get("/api/replay?run=a%20b");
        assert!(status == 422 && text.contains("left no policy"), "{text}");
        let (status, text) = served.get("/api/replay?run=a%20b&update=7");
        assert!(status == 404 && text.contains("update 7"), "{text}");
        assert_eq!(served.get("/api/curves").0, 400);
    }

    #[test]
    fn a_run_that_begins_is_news() {
        let place = tempfile::tempdir().unwrap();
        let served = Served::new(place.path());
        let host = format!("localhost:{}", served.port);
        let mut lines = BufReader::new(served.send("/events", &host)).lines();
        let mut next = || {
            let data = lines.find(|line| line.as_ref().unwrap().starts_with("data:"));
            data.unwrap().unwrap()
        };
        assert_eq!(next(), "data: []");
        run(&[1.0]).read(&place.path().join("new"));
        // It may be seen before all of its files are there.
        while !next().contains("\"updates\":1,") {}
    }

    #[test]
    fn no_path_of_a_request_leads_out_of_the_folder() {
        let place = tempfile::tempdir().unwrap();
        let inside = place.path().join("runs");
        run(&[1.0]).read(&inside.join("mine"));
        run(&[1.0]).read(&place.path().join("secret"));
        fs::write(place.path().join("secret.txt"), "word").unwrap();
        let served = Served::new(&inside);
        let absolute = place.path().join("secret").display().to_string();
        for name in [
            "../secret",
            "..%2Fsecret",
            "..%252Fsecret",
            "mine/../../secret",
            "%2e%2e/secret",
            &absolute,
            "mine%00",
        ] {
            for route in ["/api/curves?run=", "/api/replay?run=", "/report?run="] {
                assert_eq!(
                    served.get(&format!("{route}{name}")).0,
                    404,
                    "{route}{name}"
                );
            }
        }
        for path in [
            "/../secret.txt",
            "/..%2fsecret.txt",
            "/%2e%2e/secret.txt",
            "//etc/passwd",
            "/mine/config.toml",
        ] {
            assert_eq!(served.get(path).0, 404, "{path}");
        }
    }

    #[test]
    fn another_machines_name_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let served = Served::new(place.path());
        let (status, text) = served.get_by("/", "evil.example");
        assert!(status == 403 && !text.contains("</html>"), "{text}");
    }

    #[test]
    fn a_port_in_use_and_a_path_that_is_no_directory_are_errors_that_say_so() {
        let place = tempfile::tempdir().unwrap();
        let first = Dash::bind(place.path(), 0, Registry::default()).unwrap();
        let port = first.address.port();
        assert!(first.address.ip().is_loopback());
        let error = Dash::bind(place.path(), port, Registry::default()).unwrap_err();
        let text = error.to_string();
        assert!(
            !error.is_usage() && text.contains(&format!("port {port} is in use")),
            "{text}"
        );
        let nowhere = place.path().join("nowhere");
        let error = Dash::bind(&nowhere, 0, Registry::default()).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains("nowhere is not a directory"));
    }
}
