// Package modica hands short messages to Modica's Mobile Gateway (REST v2), as port.SMSSender.
//
// What that one endpoint needs may enter. Other gateways become packages of their own, or a template of smsgateway.
package modica
