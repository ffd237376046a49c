using System.Text;
using System.Text.Json;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace RemoteMonitoring.EndToEnd.Tests.Browser;

/// <summary>What people and devices wrote is text on every page and in every file, whatever it looks like.</summary>
[Collection(PageTests.Name)]
public sealed class HostileTextTests(HostileHome home) : IClassFixture<HostileHome>
{
    /// <summary>Elements and attributes that no page of ours has: all of them would come from a text.</summary>
    private const string Foreign = """
        () => [...document.querySelectorAll('script:not([src^="/enhance.js"]), img, iframe, object, embed, base, style, a[href^="javascript:" i], form[action^="javascript:" i], svg:not([role=img])')]
            .concat([...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => a.name.startsWith('on') || a.name === 'style')))
            .map(e => e.outerHTML.slice(0, 200))
        """;

    [Fact]
    public async Task Nothing_that_was_written_is_more_than_text()
    {
        var pages = home.Pages;
        var team = pages.Teams[0];
        var patient = (await pages.ListAsync(team)).Listed[0].PatientId;
        var handle = pages.Services.Handles.Of(patient);
        var other = (await pages.ListAsync(pages.Teams[1])).Listed[0].PatientId;
        var written = string.Join('\n', HostileHome.Texts.Where(t => t.Length < 200));
        await WriteAsync(handle, other, written);

        var path = "/teams/" + Uri.EscapeDataString(team);
        foreach (var (user, addresses) in (IEnumerable<(string, string[])>)
            [
                ("ann", [path, path + "/print", path + "/lists", path + "/figures", $"/patients/{handle}", $"/patients/{pages.Services.Handles.Of(other)}", "/break-glass"]),
                ("lea", [$"/patients/{handle}"]), ("dan", ["/figures", path + "/figures"]), ("audrey", ["/audit"]), ("adam", ["/users", "/users/bob"]),
            ])
        {
            await using var browser = await pages.SignInAsync(user, width: 320);
            var dialogs = 0;
            browser.Page.Dialog += async (_, dialog) =>
            {
                dialogs++;
                await dialog.DismissAsync();
            };
            foreach (var address in addresses)
            {
                var answer = await browser.Page.GotoAsync(address);
                Assert.True(answer!.Status == 200, $"{user} {address[..Math.Min(60, address.Length)]}: {answer.Status}");
                Assert.Empty(await browser.Page.EvaluateAsync<string[]>(Foreign));
                await browser.FitsAsync($"{user} {address[..Math.Min(60, address.Length)]}");
            }

            await browser.PictureAsync($"hostile-{user}");
            Assert.Equal((0, ""), (dialogs, string.Join('\n', browser.Said)));
        }

        // It is all there, to the letter.
        await using var ann = await pages.SignInAsync("ann");
        await ann.Page.GotoAsync($"/patients/{handle}");
        await Expect(ann.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync(patient, new() { UseInnerText = false });
        Assert.Equal(written, await ann.Page.Locator(".note").First.TextContentAsync());
        await using var audrey = await pages.SignInAsync("audrey");
        Assert.Contains(written.Split('\n')[1], await audrey.Page.Locator("tbody").TextContentAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_file_makes_more_of_it_either()
    {
        var pages = home.Pages;
        var team = pages.Teams[0];
        var list = await pages.ListAsync(team);
        await using var ann = await pages.SignInAsync("ann");
        var csv = await ann.Page.APIRequest.GetAsync($"{pages.Url}/teams/{Uri.EscapeDataString(team)}/list.csv");
        Assert.Equal(200, csv.Status);
        Assert.StartsWith("attachment", csv.Headers["content-disposition"], StringComparison.Ordinal);
        var rows = Cells(await csv.TextAsync());
        Assert.All(rows, r => Assert.Equal(rows[0].Count, r.Count));
        Assert.All(rows.SelectMany(r => r), cell => Assert.False(cell is ['=' or '+' or '-' or '@' or '\t' or '\r', ..], cell));
        var listed = rows.Where(r => r[rows[0].IndexOf("lane")] == "listed");
        Assert.Equal(list.Listed.Select(p => p.PatientId), listed.Select(r => r[rows[0].IndexOf("patient_id")].TrimStart('\'')));

        foreach (var address in (string[])[$"/teams/{Uri.EscapeDataString(team)}/fhir.ndjson", $"/patients/{pages.Services.Handles.Of(list.Listed[0].PatientId)}/fhir.ndjson"])
        {
            var fhir = await ann.Page.APIRequest.GetAsync(pages.Url + address);
            Assert.Equal(200, fhir.Status);
            var lines = (await fhir.TextAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.All(lines, l => Assert.NotNull(JsonDocument.Parse(l).RootElement.GetProperty("resourceType").GetString()));
            Assert.Contains("OperationOutcome", lines[^1], StringComparison.Ordinal);
            Assert.Contains(lines, l => JsonDocument.Parse(l).RootElement is var r && r.TryGetProperty("subject", out var subject) && subject.GetProperty("identifier").GetProperty("value").GetString() == list.Listed[0].PatientId);
        }
    }

    /// <summary>Writes a text wherever people can write one.</summary>
    private async Task WriteAsync(string handle, string other, string written)
    {
        var pages = home.Pages;
        await using var lea = await pages.SignInAsync("lea");
        await lea.Page.GotoAsync($"/patients/{handle}");
        await lea.Page.GetByText("Change limits and contact preference").ClickAsync();
        await lea.Page.GetByLabel("Contact preference").FillAsync(written);
        await lea.Page.GetByRole(AriaRole.Button, new() { Name = "Set" }).ClickAsync();
        await Expect(lea.Page.GetByText("The care plan is set.")).ToBeVisibleAsync();
        await using var ann = await pages.SignInAsync("ann");
        await ann.Page.GotoAsync($"/patients/{handle}");
        await ann.Page.GetByLabel("Contacted").CheckAsync();
        await ann.Page.GetByLabel("Note", new() { Exact = true }).FillAsync(written);
        await ann.Page.GetByRole(AriaRole.Button, new() { Name = "Record" }).ClickAsync();
        await Expect(ann.Page.GetByText("contacted: recorded.")).ToBeVisibleAsync();
        await ann.Page.GotoAsync("/break-glass");
        await ann.Page.EvaluateAsync("document.querySelectorAll('[maxlength]').forEach(e => e.removeAttribute('maxlength'))");
        await ann.Page.GetByLabel("Id of the patient").FillAsync(other);
        await ann.Page.GetByLabel("Reason").FillAsync(written);
        await ann.Page.GetByRole(AriaRole.Button, new() { Name = "Look at the patient" }).ClickAsync();
        await Expect(ann.Page.GetByText("Not a patient of your teams.")).ToBeVisibleAsync();
        await using var adam = await pages.SignInAsync("adam");
        await adam.Page.GotoAsync("/users/bob");
        await adam.Page.GetByLabel("Display name").FillAsync("\"><img src=x onerror=alert(1)>\u202e<script>alert(1)</script>");
        await adam.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(adam.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Users");
    }

    /// <summary>CSV as RFC 4180 has it, read by the letter.</summary>
    private static List<List<string>> Cells(string csv)
    {
        var (rows, row, cell, quoted) = (new List<List<string>>(), new List<string>(), new StringBuilder(), false);
        for (var i = 0; i < csv.Length; i++)
        {
            if (quoted)
            {
                if (csv[i] != '"')
                {
                    cell.Append(csv[i]);
                }
                else if (i + 1 < csv.Length && csv[i + 1] == '"')
                {
                    cell.Append(csv[++i]);
                }
                else
                {
                    quoted = false;
                }
            }
            else if (csv[i] == '"')
            {
                quoted = true;
            }
            else if (csv[i] is ',' or '\n')
            {
                row.Add(cell.ToString().TrimEnd('\r'));
                cell.Clear();
                if (csv[i] == '\n')
                {
                    rows.Add(row);
                    row = [];
                }
            }
            else
            {
                cell.Append(csv[i]);
            }
        }

        return rows;
    }
}
