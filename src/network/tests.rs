use std::io::{Read as _, Seek as _, Write as _};

use super::*;

use crate::loopback::{self, Reply, Server};

/// Short enough for a test, long enough for a slow machine that answers at once.
fn limits() -> Limits {
    Limits { pause: Duration::from_millis(1), total: Duration::from_secs(60), ..Limits::default() }
}

fn client() -> Client {
    Client::new(limits()).unwrap()
}

fn body(answer: Answer) -> String {
    match answer {
        Answer::Body { bytes, .. } => String::from_utf8(bytes).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// What one request to a server that always answers so comes to: the error without the address, and how often it asked.
fn failure(answer: impl Fn() -> Reply + Send + Sync + 'static, limits: Limits) -> (String, usize) {
    let server = Server::start(move |_| answer());
    let error =
        Client::new(limits).unwrap().ask(&Request::get(format!("{}/x", server.url), 1000)).unwrap_err();
    (error.to_string().replace(&server.url, ""), server.asked().len())
}

#[test]
fn answers_are_told_apart() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/same" if asked.header("if-none-match") == Some("\"a\"") => Reply::Body(304, Vec::new(), Vec::new()),
        "/same" => Reply::Body(200, vec![("etag", "\"a\"".into())], b"text".to_vec()),
        "/post" => Reply::ok(asked.body.clone()),
        _ => Reply::status(404),
    });
    let at = |path: &str| format!("{}{path}", server.url);
    let client = client();
    let first = client.ask(&Request::get(at("/same"), 4)).unwrap();
    assert_eq!(first, Answer::Body { bytes: b"text".to_vec(), etag: Some("\"a\"".into()) });
    assert_eq!(client.ask(&Request::get(at("/same"), 4).unless(Some("\"a\""))).unwrap(), Answer::Same);
    assert_eq!(client.ask(&Request::get(at("/none"), 4)).unwrap(), Answer::Missing);
    assert_eq!(body(client.ask(&Request::post(at("/post"), b"{}".to_vec(), 4)).unwrap()), "{}");
    assert_eq!(server.asked()[4 - 1].header("content-type"), Some("application/json"));
}

#[test]
fn what_may_pass_is_tried_again_and_what_will_not_is_not() {
    for (reply, message, tries) in [
        ((|| Reply::status(500)) as fn() -> Reply, "/x: the server answers 500 Internal Server Error", 4),
        (|| Reply::status(429), "/x: the server answers 429 Too Many Requests", 4),
        (|| Reply::status(403), "/x: the server answers 403 Forbidden", 1),
        (|| Reply::Raw(Vec::new()), "/x: the connection fails", 4),
        (|| Reply::Raw(b"SSH-2.0-hello\r\n".to_vec()), "/x: the connection fails", 4),
        (
            || Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ncut".to_vec()),
            "/x: the connection fails",
            4,
        ),
        (
            || Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n".to_vec()),
            "/x: the answer is longer than 1000 bytes",
            1,
        ),
        (
            || Reply::Raw(b"HTTP/1.1 200 OK\r\n\r\nno length".to_vec()),
            "/x: the answer does not say how long it is",
            1,
        ),
        (|| Reply::Endless, "/x: the answer is longer than 1000 bytes", 1),
    ] {
        assert_eq!(failure(reply, limits()), (message.to_owned(), tries));
    }
}

#[test]
fn a_busy_server_is_asked_again() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |_| match count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        0 => Reply::Body(429, vec![("retry-after", "0".into())], Vec::new()),
        1 => Reply::status(503),
        _ => Reply::ok("here"),
    });
    assert_eq!(body(client().ask(&Request::get(&server.url, 10)).unwrap()), "here");
    assert_eq!(server.asked().len(), 3);
}

#[test]
fn nobody_is_waited_for_without_end() {
    let silent = Limits { silence: Duration::from_millis(50), tries: 2, ..limits() };
    assert_eq!(failure(|| Reply::Silence, silent), ("/x: does not answer in time".to_owned(), 2));
    let short = Limits { total: Duration::from_millis(100), ..limits() };
    let message = "/x: is not done in the time that all requests have";
    assert_eq!(failure(|| Reply::Silence, short).0, message);
    let later = || Reply::Body(429, vec![("retry-after", "100000".into())], Vec::new());
    assert_eq!(failure(later, limits()), ("/x: the server answers 429 Too Many Requests".to_owned(), 1));
}

#[test]
fn redirects_end() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/one" => Reply::Body(302, vec![("location", "/two".into())], Vec::new()),
        "/two" => Reply::ok("two"),
        _ => Reply::Body(302, vec![("location", "/again".into())], Vec::new()),
    });
    let client = client();
    assert_eq!(body(client.ask(&Request::get(format!("{}/one", server.url), 10)).unwrap()), "two");
    assert!(client.ask(&Request::get(format!("{}/again", server.url), 10)).is_err());
    assert!(server.asked().len() < 12);
}

#[test]
fn what_is_said_of_an_address_holds_no_password() {
    // A port that nobody listens at: the listener is gone.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://me:made-up-password@127.0.0.1:{port}/x?key=made-up");
    let limits = Limits { tries: 1, ..limits() };
    let error = Client::new(limits).unwrap().ask(&Request::get(url, 10)).unwrap_err();
    assert_eq!(error.to_string(), format!("http://127.0.0.1:{port}/x: the connection fails"));
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        assert!(!cause.to_string().contains("made-up"), "{cause}");
        source = cause.source();
    }
    let error = client().ask(&Request::get("no address", 10)).unwrap_err();
    assert_eq!(error.to_string(), "no address: is no address that can be asked");
}

#[test]
fn many_are_asked_and_each_has_its_answer() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/7" => Reply::status(403),
        path => Reply::ok(path.to_owned()),
    });
    let requests = (0..30).map(|number| Request::get(format!("{}/{number}", server.url), 10)).collect();
    let mut there = [false; 30];
    client()
        .ask_all(requests, |number, answer| {
            match number {
                7 => assert!(answer.is_err()),
                _ => assert_eq!(body(answer.unwrap()), format!("/{number}")),
            }
            there[number] = true;
            Ok(())
        })
        .unwrap();
    assert!(there.iter().all(|there| *there));
    let requests = vec![Request::get(&server.url, 10)];
    let stop = client().ask_all(requests, |_, _| Err(Error::new(ErrorKind::Io, "the disk is full")));
    assert_eq!(stop.unwrap_err().to_string(), "the disk is full");
}

/// The whole text of a download, and what was asked for.
fn downloaded(server: &Server, begin: &str, etag: Option<&str>) -> (String, Vec<Option<String>>) {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(begin.as_bytes()).unwrap();
    let etag = etag.map(str::to_owned);
    client().download(&format!("{}/x", server.url), 1000, &mut file, etag, &mut |_| Ok(())).unwrap();
    let mut text = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    (text, server.asked().iter().map(|asked| asked.header("range").map(str::to_owned)).collect())
}

const TEXT: &str = "0123456789";

/// Serves [`TEXT`] under an ETag, and the rest of it to who has its beginning.
fn ranges(asked: &loopback::Asked) -> Reply {
    let etag = || vec![("etag", "\"a\"".to_owned())];
    let from = asked.header("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
    match from.filter(|_| asked.header("if-range") == Some("\"a\"")) {
        Some(from) => {
            let from: usize = from.parse().unwrap();
            let range = [("content-range", format!("bytes {from}-9/10"))];
            Reply::Body(206, etag().into_iter().chain(range).collect(), TEXT[from..].into())
        }
        None => Reply::Body(200, etag(), TEXT.into()),
    }
}

#[test]
fn a_download_is_taken_up_where_it_was_left() {
    let server = Server::start(ranges);
    assert_eq!(downloaded(&server, "0123", Some("\"a\"")), (TEXT.into(), vec![Some("bytes=4-".into())]));
    let server = Server::start(ranges);
    assert_eq!(downloaded(&server, "old", Some("\"old\"")).0, TEXT, "what is there is of something else");
    let server = Server::start(ranges);
    assert_eq!(downloaded(&server, "unknown", None), (TEXT.into(), vec![None]));
}

#[test]
fn a_cut_download_goes_on_in_the_same_run() {
    let first = std::sync::atomic::AtomicBool::new(true);
    let server = Server::start(move |asked| {
        if first.swap(false, std::sync::atomic::Ordering::SeqCst) {
            return Reply::Raw(b"HTTP/1.1 200 OK\r\netag: \"a\"\r\ncontent-length: 10\r\n\r\n01234".to_vec());
        }
        ranges(asked)
    });
    let (text, ranges) = downloaded(&server, "", None);
    assert_eq!((text.as_str(), &ranges[1]), (TEXT, &Some("bytes=5-".to_owned())));
}

#[test]
fn a_rest_of_something_else_is_not_appended() {
    let server = Server::start(|asked| match asked.header("range") {
        Some(_) => Reply::Body(206, vec![("content-range", "bytes 0-9/10".into())], TEXT.into()),
        None => Reply::ok(TEXT),
    });
    assert_eq!(downloaded(&server, "0123", Some("\"a\"")).0, TEXT);
    let server = Server::start(|asked| match asked.header("range") {
        Some(_) => Reply::status(416),
        None => Reply::ok(TEXT),
    });
    assert_eq!(downloaded(&server, "0123456789abc", Some("\"a\"")).0, TEXT);
}
