//! The compiled binary: what it prints, with which code it ends, how it starts and stops.

#[cfg(test)]
#[path = "command_line/chat.rs"]
mod chat;
#[cfg(test)]
#[path = "command_line/chat_device.rs"]
mod chat_device;
#[cfg(test)]
#[path = "command_line/chat_terminal.rs"]
mod chat_terminal;
#[cfg(test)]
#[path = "command_line/chat_trouble.rs"]
mod chat_trouble;
#[path = "command_line/configuration.rs"]
mod configuration;
#[path = "command_line/exit_codes.rs"]
mod exit_codes;
#[cfg(test)]
#[path = "command_line/fill.rs"]
mod fill;
#[cfg(test)]
#[path = "command_line/health.rs"]
mod health;
#[cfg(test)]
#[path = "command_line/http.rs"]
mod http;
#[cfg(test)]
#[path = "command_line/moving.rs"]
mod moving;
#[cfg(test)]
#[path = "command_line/people.rs"]
mod people;
#[cfg(test)]
#[path = "command_line/postgres.rs"]
mod postgres;
#[path = "command_line/serving.rs"]
mod serving;
#[cfg(test)]
#[path = "command_line/terminal.rs"]
mod terminal;
#[cfg(test)]
#[path = "command_line/world.rs"]
mod world;
