package providers

import (
	"cmp"
	"strconv"
	"strings"
)

// object is a JSON object. Members with a nil value are null; absent drops what a provider leaves out instead.
type object = map[string]any

// text is null for "".
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// absent drops the members that have no value.
func absent(o object) object {
	for name, value := range o {
		if value == nil || value == "" {
			delete(o, name)
		}
	}
	return o
}

// number is an id where they are numbers. An id that is none stays a text, and none at all is left out.
func number(id string, otherwise int64) any {
	if id == "" {
		return otherwise
	}
	if n, err := strconv.ParseInt(id, 10, 64); err == nil {
		return n
	}
	return id
}

// half splits a name; the last word is the family's.
func half(name string) (given, family string) {
	i := strings.LastIndexByte(name, ' ')
	if i < 0 {
		return name, ""
	}
	return name[:i], name[i+1:]
}

func githubProfile(p Person) any {
	return object{
		"login": cmp.Or(p.Login, "octocat"), "id": number(p.ID, 583231), "node_id": "MDQ6VXNlcjU4MzIzMQ==", "avatar_url": text(p.Picture),
		"gravatar_id": "", "type": "User", "site_admin": false, "name": text(p.Name), "company": nil, "email": nil, "two_factor_authentication": true,
	}
}

// addresses returns the primary one and the others.
func addresses(p Person) []Address {
	list := []Address{}
	if p.Email != "" {
		list = append(list, Address{Email: p.Email, Primary: true, Attested: p.Attested})
	}
	return append(list, p.Others...)
}

func githubEmails(p Person) any {
	list := []object{}
	for _, a := range addresses(p) {
		list = append(list, absent(object{"email": a.Email, "primary": a.Primary, "verified": a.Attested.flag(), "visibility": "private"}))
	}
	return list
}

func googleProfile(p Person) any {
	given, family := half(p.Name)
	return absent(object{
		"id": cmp.Or(p.ID, "110169484474386276334"), "email": p.Email, "verified_email": p.Attested.flag(), "name": p.Name, "given_name": given,
		"family_name": family, "picture": p.Picture, "hd": "example.com",
	})
}

func azureADProfile(p Person) any {
	return absent(object{
		"aud": ClientID, "iss": "https://sts.windows.net/tenant/", "sub": "pairwise-subject", "oid": cmp.Or(p.ID, "690222be-ff1a-4d56-abd1-7e4f7d38e474"),
		"email": p.Email, "email_verified": p.Attested.flag(), "name": p.Name, "upn": "jane@tenant.example", "unique_name": "jane@tenant.example",
	})
}

func entraIDProfile(p Person) any {
	given, family := half(p.Name)
	return absent(object{
		"sub": cmp.Or(p.ID, "OLu859SGc2Sr9ZsqbkG-QbeLgJlb41KcdiPoLYNpSFA"), "email": p.Email, "email_verified": p.Attested.flag(), "name": p.Name,
		"given_name": given, "family_name": family, "picture": "https://graph.microsoft.com/v1.0/me/photo/$value",
	})
}

func bitbucketProfile(p Person) any {
	return object{
		"type": "user", "uuid": cmp.Or(p.ID, "{79a53db7-6c4d-4b23-9f5c-1f2c1d2b6a55}"), "display_name": text(p.Name), "nickname": "jane",
		"account_id": "557058:c0b72ad0", "links": object{"avatar": object{"href": text(p.Picture)}},
	}
}

func bitbucketEmails(p Person) any {
	list := []object{}
	for _, a := range addresses(p) {
		list = append(list, absent(object{"type": "email", "email": a.Email, "is_primary": a.Primary, "is_confirmed": a.Attested.flag()}))
	}
	return object{"pagelen": 10, "size": len(list), "page": 1, "values": list}
}

func discordProfile(p Person) any {
	user := object{
		"id": cmp.Or(p.ID, "80351110224678912"), "username": cmp.Or(p.Login, "nelly"), "discriminator": "0", "global_name": text(p.Name),
		"avatar": text(p.Picture), "flags": 64, "banner": nil, "locale": "de", "mfa_enabled": true, "email": text(p.Email),
	}
	if flag := p.Attested.flag(); flag != nil {
		user["verified"] = flag
	}
	return user
}

func facebookProfile(p Person) any {
	user := absent(object{"id": cmp.Or(p.ID, "10158423497461287"), "name": p.Name, "email": p.Email, "verified": p.Attested.flag()})
	if p.Picture != "" {
		user["picture"] = object{"data": object{"height": 50, "is_silhouette": false, "url": p.Picture, "width": 50}}
	}
	return user
}

func gitlabProfile(p Person) any {
	confirmed := map[Attestation]any{Yes: "2012-05-23T09:05:22Z", TextTrue: "2012-05-23T09:05:22Z"}[p.Attested]
	return object{
		"id": number(p.ID, 1701), "username": "jane", "name": text(p.Name), "state": "active", "avatar_url": text(p.Picture), "email": text(p.Email),
		"public_email": "public@example.com", "commit_email": "commit@example.com", "confirmed_at": confirmed, "two_factor_enabled": true,
	}
}

func linkedInProfile(p Person) any {
	given, family := half(p.Name)
	return absent(object{
		"sub": cmp.Or(p.ID, "782bbtaQ"), "name": p.Name, "given_name": given, "family_name": family, "picture": p.Picture,
		"locale": object{"country": "US", "language": "en"}, "email": p.Email, "email_verified": p.Attested.flag(),
	})
}

func spotifyProfile(p Person) any {
	images := []object{}
	if p.Picture != "" {
		images = append(images, object{"url": p.Picture, "height": 300, "width": 300}, object{"url": p.Picture + "?small", "height": 64, "width": 64})
	}
	user := absent(object{"id": cmp.Or(p.ID, "wizzler"), "email": p.Email, "type": "user", "product": "premium", "country": "SE"})
	user["display_name"], user["images"] = text(p.Name), images
	return user
}

func stravaProfile(p Person) any {
	first, last := half(p.Name)
	return object{
		"id": number(p.ID, 134815), "username": "jane_d", "resource_state": 3, "firstname": first, "lastname": last, "city": nil, "sex": "F",
		"profile_medium": cmp.Or(p.Picture, "avatar/athlete/medium.png"), "profile": cmp.Or(p.Picture, "avatar/athlete/large.png"),
	}
}

func twitchProfile(p Person) any {
	if p.ID == "-" {
		return object{"data": []object{}}
	}
	return object{"data": []object{absent(object{
		"id": cmp.Or(p.ID, "141981764"), "login": "twitchdev", "display_name": p.Name, "type": "", "broadcaster_type": "partner",
		"description": "Supporting developers", "profile_image_url": p.Picture, "email": p.Email, "created_at": "2016-12-14T20:32:28Z",
	})}}
}

func twitterProfile(p Person) any {
	id := number(p.ID, 2244994945)
	user := object{"id": id, "screen_name": "jane", "name": p.Name, "profile_image_url_https": text(p.Picture), "default_profile": true}
	user["id_str"] = cmp.Or(p.ID, "2244994945")
	if p.Email != "" {
		user["email"] = p.Email
	}
	return user
}

func windowsLiveProfile(p Person) any {
	_, family := half(p.Name)
	return object{
		"id": cmp.Or(p.ID, "contact.c1678ab4000000000000000000000000"), "name": text(p.Name), "last_name": text(family),
		"emails": object{"preferred": text(p.Email), "account": nil, "personal": nil, "business": nil}, "profile_image_url": text(p.Picture),
	}
}

func workOSProfile(p Person) any {
	given, family := half(p.Name)
	return object{
		"object": "profile", "id": cmp.Or(p.ID, "prof_01DMC79VCBZ0NY2099737PSVF1"), "connection_id": "conn_01E4ZCR3C56J083X43JQXF3JK5",
		"connection_type": "OktaSAML", "organization_id": "org_01EHWNCE74X7JSDV0X3SZ3KJNY", "email": text(p.Email), "first_name": text(given),
		"last_name": text(family), "idp_id": "00u1a0ufowBJlzPlk357", "raw_attributes": object{},
	}
}
