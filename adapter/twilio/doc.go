// Package twilio hands short messages to Twilio's Messages API, as port.SMSSender, or leaves codes altogether to Twilio Verify,
// as port.SMSVerifier.
//
// What these two APIs need may enter. twilio-go builds requests and reads answers; exchange.go gives it what it lacks: contexts,
// another base URL and a limit for answers. Nothing is read from the environment (TWILIO_REGION and the like).
package twilio
