package phone_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/phone"
)

// byLibrary reads a plus sign and digits with libphonenumber.
func byLibrary(digits string) (e164, country string, ok bool) {
	number, err := phonenumbers.Parse(digits, "")
	if err != nil || phonenumbers.IsPossibleNumberWithReason(number) != phonenumbers.IS_POSSIBLE {
		return "", "", false
	}
	e164 = phonenumbers.Format(number, phonenumbers.E164)
	if len(e164) > 16 {
		return "", "", false
	}
	if country = phonenumbers.GetRegionCodeForNumber(number); country == "001" {
		country = ""
	}
	return e164, country, true
}

// wanted is what Parse has to make of a plus sign and digits, by the library.
func wanted(digits string) (e164, country string) {
	e164, country, ok := byLibrary(digits)
	if again, _, stays := byLibrary(e164); !ok || !stays || again != e164 {
		return "", ""
	}
	return e164, country
}

func requireAgreement(t *testing.T, digits string) {
	t.Helper()
	e164, country := wanted(digits)
	got, gotCountry, err := phone.Numbers{}.Parse(digits)
	require.Equal(t, [2]string{e164, country}, [2]string{got, gotCountry}, digits)
	require.Equal(t, e164 == "", err != nil, digits)
}

func TestParse_AgreesWithTheLibraryAboutEveryCountryAndKindOfNumber(t *testing.T) {
	chance, seen := rand.New(rand.NewPCG(1, 2)), 0
	for region := range phonenumbers.GetSupportedRegions() {
		require.True(t, phone.Numbers{}.Country(region), region)
		code := phonenumbers.GetCountryCodeForRegion(region)
		for kind := phonenumbers.FIXED_LINE; kind <= phonenumbers.UNKNOWN; kind++ {
			example := phonenumbers.GetExampleNumberForType(region, kind)
			if example == nil {
				continue
			}
			seen++
			national := phonenumbers.GetNationalSignificantNumber(example)
			requireAgreement(t, fmt.Sprintf("+%d%s", code, national))
			for _, prefix := range []string{"0", "00", "1", "8", "9", "15", "01", "06"} {
				requireAgreement(t, fmt.Sprintf("+%d%s%s", code, prefix, national))
			}
			for range 10 {
				changed := []byte(national)
				changed[chance.IntN(len(changed))] = '0' + byte(chance.IntN(10))
				requireAgreement(t, fmt.Sprintf("+%d%s", code, changed))
			}
			requireAgreement(t, fmt.Sprintf("+%d%s", code, national[1:]))
			requireAgreement(t, fmt.Sprintf("+%d%s7", code, national))
		}
	}
	require.Greater(t, seen, 1000)
}

func TestParse_AgreesWithTheLibraryAboutNumbersByChance(t *testing.T) {
	chance, good := rand.New(rand.NewPCG(3, 4)), 0
	for range 20_000 {
		digits := fmt.Sprintf("+%d", 1+chance.Uint64N(pow(2+chance.IntN(15))))
		requireAgreement(t, digits)
		if e164, _ := wanted(digits); e164 != "" {
			good++
		}
	}
	require.Greater(t, good, 2000)
}

func pow(n int) uint64 {
	if n == 0 {
		return 1
	}
	return 10 * pow(n-1)
}

func TestCountry_KnowsNoCountryThatHasNoNumbers(t *testing.T) {
	for _, country := range []string{"", "UK", "EU", "us", "001", "ZZ"} {
		require.False(t, phone.Numbers{}.Country(country), country)
	}
}
