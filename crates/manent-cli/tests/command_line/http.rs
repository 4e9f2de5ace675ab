//! As little HTTP as these tests need.

use std::io::{Read, Write};
use std::net::TcpStream;

/// Sends a request and returns everything that comes until the server closes.
pub(crate) fn request(address: &str, method: &str, path: &str, body: &str) -> String {
    request_with(address, method, path, "", body)
}

/// What somebody asked who is known by a token.
pub(crate) fn status_for(address: &str, method: &str, path: &str, token: &str) -> u16 {
    let header = format!("authorization: Bearer {token}\r\n");
    status(&request_with(address, method, path, &header, ""))
}

/// The status of an answer.
pub(crate) fn status(answer: &str) -> u16 {
    let status = answer.split(' ').nth(1);
    status.unwrap().parse().unwrap()
}

/// The same with more headers, each with its line's end.
pub(crate) fn request_with(
    address: &str,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Sends a request whose body never comes, so that it stays open.
pub(crate) fn unfinished_request(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST /conversation/create HTTP/1.1\r\nhost: {address}\r\nexpect: 100-continue\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n"
    )
    .unwrap();
    // The server has read the head once it asks for the body.
    let mut begin = [0; 12];
    stream.read_exact(&mut begin).unwrap();
    assert_eq!(&begin, b"HTTP/1.1 100");
    stream
}
