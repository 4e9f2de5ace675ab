//! Says something and prints the answer as it comes.

use std::io::Write;
use std::time::Duration;

use manent_client::Client;
use tokio::time::timeout;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::builder("http://127.0.0.1:3080").open().await?;

    // When this returns, the message is safe on this device, with or without a network.
    let mut sent = client.messages().send_message("What stays?", None).await?;

    // The answer comes back whatever breaks, as soon as the server is there; after a crash, `pending_answers` has it again. This program
    // waits half a minute for its next word.
    let mut output = std::io::stdout();
    let patience = Duration::from_secs(30);
    while let Ok(Some(text)) = timeout(patience, sent.answer.next_text()).await {
        write!(output, "{text}")?;
        output.flush()?;
    }

    // What cannot be saved now goes out with the next start.
    client.persistence().flush().await;
    let unsaved = client.persistence().queue_status().unsaved();
    writeln!(output, "\n{unsaved} messages are not saved yet")?;
    client.close().await;
    Ok(())
}
